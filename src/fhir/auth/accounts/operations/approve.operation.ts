// A role that was asked for becomes active, or another is given (row A8).
import type { ApproveInput, ApproveOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needAdministrator } from '../visitor.ts';
import { accountsOf, organizationIn, shown } from './answers.ts';

export default defineOperation<ApproveInput, ApproveOutput>({
  definition: 'approve',
  needs: [],
  async run({ organization, ...request }, context) {
    const by = needAdministrator(context.call);
    const said = { ...request, ...organizationIn(organization) };
    const detail: Record<string, string> = {};
    context.call.about?.({ kind: 'account', id: request.account, detail });
    const { account, given } = await accountsOf(context).administration.approve(by, said);
    Object.assign(detail, given);
    return { account: shown(account) };
  },
});
