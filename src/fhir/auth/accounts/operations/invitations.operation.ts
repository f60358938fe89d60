// Invitations that are open (row A8).
import type { InvitationsInput, InvitationsOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needAdministrator } from '../visitor.ts';
import { accountsOf } from './answers.ts';

export default defineOperation<InvitationsInput, InvitationsOutput>({
  definition: 'invitations',
  needs: [],
  async run(_, context) {
    const by = needAdministrator(context.call);
    const open = await accountsOf(context).invitations.list(by);
    return {
      invitation: open.map(({ ref, email, role, organization, department, createdAt, endsAt }) => ({
        id: ref,
        ...(email !== undefined && { email }),
        role: role!, // the list is of roles
        ...(organization !== undefined && { organization: { reference: `Organization/${organization}` } }),
        ...(department !== undefined && { department }),
        createdAt: createdAt.toISOString(),
        expiresAt: endsAt.toISOString(),
      })),
    };
  },
});
