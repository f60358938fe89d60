// An account can no longer sign in; all its tokens end at once (row A8).
import type { DeactivateInput, DeactivateOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needAdministrator } from '../visitor.ts';
import { accountsOf, shown } from './answers.ts';

export default defineOperation<DeactivateInput, DeactivateOutput>({
  definition: 'deactivate',
  needs: [],
  async run({ account, reason }, context) {
    const by = needAdministrator(context.call);
    context.call.about?.({ kind: 'account', id: account });
    return { account: shown(await accountsOf(context).administration.deactivate(by, account, reason)) };
  },
});
