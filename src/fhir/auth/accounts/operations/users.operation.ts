// Accounts by role, status and text, in pages (row A7).
import type { UsersInput, UsersOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needAdministrator } from '../visitor.ts';
import { accountsOf, organizationIn, shown } from './answers.ts';

export default defineOperation<UsersInput, UsersOutput>({
  definition: 'users',
  needs: [],
  async run({ organization, ...request }, context) {
    const by = needAdministrator(context.call);
    const list = { ...request, ...(organization !== undefined && organizationIn({ reference: organization })) };
    const { total, accounts, next } = await accountsOf(context).administration.list(by, list);
    return { total, ...(next !== undefined && { next }), account: accounts.map((account) => shown(account)) };
  },
});
