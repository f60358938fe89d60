// Second step: the code, with or without its challenge (row A4).
import type { VerifyOtpInput, VerifyOtpOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { visitorOf } from '../visitor.ts';
import { accountsOf, secretly, shown, tokensOf } from './answers.ts';

export default defineOperation<VerifyOtpInput, VerifyOtpOutput>({
  definition: 'verify-otp',
  needs: [],
  async run(attempt, context) {
    const { arrivals, tokens } = accountsOf(context);
    const { account, subject } = await arrivals.arrive(attempt, visitorOf(context.call));
    return secretly({ ...tokensOf(await tokens.issue(subject)), account: shown(account) });
  },
});
