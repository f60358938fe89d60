// First step of a sign-in: the password (row A3).
import type { LoginInput, LoginOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { visitorOf } from '../visitor.ts';
import { accountsOf, codeSent } from './answers.ts';

export default defineOperation<LoginInput, LoginOutput>({
  definition: 'login',
  needs: [],
  async run({ email, password }, context) {
    const accounts = accountsOf(context);
    return codeSent(accounts, await accounts.signIn.begin(email, password, visitorOf(context.call)));
  },
});
