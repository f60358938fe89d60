// Somebody says who they are; the account comes with the code (row A2).
import type { RegisterInput, RegisterOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { refusedBy, visitorOf } from '../visitor.ts';
import { accountsOf, codeSent, organizationIn } from './answers.ts';

export default defineOperation<RegisterInput, RegisterOutput>({
  definition: 'register',
  needs: [],
  async check({ organization, ...said }, context) {
    const misplaced = await refusedBy(() => organizationIn(organization));
    const place = misplaced.length === 0 ? organizationIn(organization) : {};
    return [...misplaced, ...(await accountsOf(context).registrations.wrong({ ...said, ...place }))];
  },
  async run({ organization, ...request }, context) {
    const accounts = accountsOf(context);
    const said = { ...request, ...organizationIn(organization) };
    return codeSent(accounts, await accounts.registrations.begin(said, visitorOf(context.call)));
  },
});
