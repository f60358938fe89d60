// Whoever has the link of an invitation chooses a password (row A8).
import type { AcceptInvitationInput, AcceptInvitationOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { visitorOf } from '../visitor.ts';
import { accountsOf, codeSent, secretly, shown } from './answers.ts';

export default defineOperation<AcceptInvitationInput, AcceptInvitationOutput>({
  definition: 'accept-invitation',
  needs: [],
  async run(acceptance, context) {
    const accounts = accountsOf(context);
    const accepted = await accounts.invitations.accept(acceptance, visitorOf(context.call));
    if ('challenge' in accepted) return codeSent(accounts, accepted);
    context.call.about?.({ kind: 'account', id: accepted.account._id });
    return secretly({ message: 'Welcome. Sign in with your address and password.', account: shown(accepted.account) });
  },
});
