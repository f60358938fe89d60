// A link by e-mail for a colleague (row A8).
import type { InviteInput, InviteOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needAdministrator } from '../visitor.ts';
import { accountsOf, organizationIn } from './answers.ts';

export default defineOperation<InviteInput, InviteOutput>({
  definition: 'invite',
  needs: [],
  async run({ organization, ...request }, context) {
    const by = needAdministrator(context.call);
    const said = { ...request, ...organizationIn(organization) };
    const { ref, endsAt, role, organization: place } = await accountsOf(context).invitations.invite(by, said);
    const detail = { role: role!, ...(place !== undefined && { organization: place }) };
    context.call.about?.({ kind: 'invitation', id: ref, detail });
    return { id: ref, expiresAt: endsAt.toISOString(), message: 'The invitation is on its way.' };
  },
});
