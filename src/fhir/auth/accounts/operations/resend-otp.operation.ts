// Another code for the same request (row A5).
import type { ResendOtpInput, ResendOtpOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { visitorOf } from '../visitor.ts';
import { accountsOf, secretly } from './answers.ts';

export default defineOperation<ResendOtpInput, ResendOtpOutput>({
  definition: 'resend-otp',
  needs: [],
  async run(request, context) {
    const accounts = accountsOf(context);
    await accounts.resend(request, visitorOf(context.call).address);
    return secretly({ expiresIn: accounts.codeSeconds, message: accounts.whereCodesAre() });
  },
});
