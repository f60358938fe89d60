// An open invitation is of no use any more (row A8).
import type { RevokeInvitationInput, RevokeInvitationOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needAdministrator } from '../visitor.ts';
import { accountsOf } from './answers.ts';

export default defineOperation<RevokeInvitationInput, RevokeInvitationOutput>({
  definition: 'revoke-invitation',
  needs: [],
  async run({ id }, context) {
    context.call.about?.({ kind: 'invitation', id });
    await accountsOf(context).invitations.revoke(needAdministrator(context.call), id);
    return { message: 'The link is of no use any more.' };
  },
});
