// A role is refused, or ends; so do the tokens that carry it (row A8).
import type { WithdrawRoleInput, WithdrawRoleOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needAdministrator } from '../visitor.ts';
import { accountsOf, organizationIn, shown } from './answers.ts';

export default defineOperation<WithdrawRoleInput, WithdrawRoleOutput>({
  definition: 'withdraw-role',
  needs: [],
  async run({ organization, ...request }, context) {
    const by = needAdministrator(context.call);
    const said = { ...request, ...organizationIn(organization) };
    const { account: id, role } = request;
    context.call.about?.({ kind: 'account', id, detail: { role, ...organizationIn(organization) } });
    return { account: shown(await accountsOf(context).administration.withdraw(by, said)) };
  },
});
