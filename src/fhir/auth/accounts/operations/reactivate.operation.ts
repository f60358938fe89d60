// A deactivated account may sign in again (row A8).
import type { ReactivateInput, ReactivateOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needAdministrator } from '../visitor.ts';
import { accountsOf, shown } from './answers.ts';

export default defineOperation<ReactivateInput, ReactivateOutput>({
  definition: 'reactivate',
  needs: [],
  async run({ account }, context) {
    const by = needAdministrator(context.call);
    context.call.about?.({ kind: 'account', id: account });
    return { account: shown(await accountsOf(context).administration.reactivate(by, account)) };
  },
});
