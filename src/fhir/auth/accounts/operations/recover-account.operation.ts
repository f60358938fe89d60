// Somebody lost the mailbox: the account moves to another (row A8).
import type { RecoverAccountInput, RecoverAccountOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needAdministrator } from '../visitor.ts';
import { accountsOf, shown } from './answers.ts';

export default defineOperation<RecoverAccountInput, RecoverAccountOutput>({
  definition: 'recover-account',
  needs: [],
  async run({ account, newEmail }, context) {
    const by = needAdministrator(context.call);
    context.call.about?.({ kind: 'account', id: account });
    const { administration, credentials } = accountsOf(context);
    await administration.needSayIn(by, account);
    const moved = await credentials.recover(account, newEmail);
    return {
      message: 'The account belongs to the new address; its owner chooses a password with $forgot-password.',
      account: shown(moved),
    };
  },
});
