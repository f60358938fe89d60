// A code for a new password; the answer tells nothing about whether there is an account (row A5).
import type { ForgotPasswordInput, ForgotPasswordOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { visitorOf } from '../visitor.ts';
import { accountsOf, codeSent } from './answers.ts';

export default defineOperation<ForgotPasswordInput, ForgotPasswordOutput>({
  definition: 'forgot-password',
  needs: [],
  async run({ email }, context) {
    const accounts = accountsOf(context);
    return codeSent(accounts, await accounts.credentials.forgot(email, visitorOf(context.call)), 'reset-password');
  },
});
