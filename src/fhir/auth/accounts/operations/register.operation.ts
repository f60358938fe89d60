// Somebody says who they are; the account comes with the code (row A2).
import type { RegisterInput, RegisterOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { visitorOf } from '../visitor.ts';
import { accountsOf, codeSent, organizationIn } from './answers.ts';

export default defineOperation<RegisterInput, RegisterOutput>({
  definition: 'register',
  needs: [],
  async run({ organization, ...request }, context) {
    const accounts = accountsOf(context);
    const said = { ...request, ...organizationIn(organization) };
    return codeSent(accounts, await accounts.registrations.begin(said, visitorOf(context.call)));
  },
});
