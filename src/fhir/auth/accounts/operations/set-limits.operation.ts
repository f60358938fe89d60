// How many requests an account may make (row A14).
import type { SetLimitsInput, SetLimitsOutput } from '../../../../generated/operation-io.ts';
import { FhirError } from '../../../model/errors.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needAdministrator } from '../visitor.ts';
import { accountsOf, shown } from './answers.ts';

export default defineOperation<SetLimitsInput, SetLimitsOutput>({
  definition: 'set-limits',
  needs: [],
  async run({ account, limits }, context) {
    const by = needAdministrator(context.call);
    context.call.about?.({ kind: 'account', id: account, detail: { limits } });
    if (limits !== 'standard' && limits !== 'premium') {
      throw new FhirError('code-invalid', `'${limits}' is neither standard nor premium`, { expression: 'limits' });
    }
    return { account: shown(await accountsOf(context).administration.setLimits(by, account, limits)) };
  },
});
