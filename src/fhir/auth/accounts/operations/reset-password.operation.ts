// A new password by code; every session ends (row A5).
import type { ResetPasswordInput, ResetPasswordOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { visitorOf } from '../visitor.ts';
import { accountsOf } from './answers.ts';

export default defineOperation<ResetPasswordInput, ResetPasswordOutput>({
  definition: 'reset-password',
  needs: [],
  async run(request, context) {
    await accountsOf(context).credentials.reset(request, visitorOf(context.call));
    return { message: 'The password is changed and all sessions have ended. Sign in with the new one.' };
  },
});
