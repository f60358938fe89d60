// Second step: the code, with or without its challenge (row A4).
import type { VerifyOtpInput, VerifyOtpOutput } from '../../../../generated/operation-io.ts';
import { FhirError } from '../../../model/errors.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { visitorOf } from '../visitor.ts';
import { accountsOf, secretly, shown, tokensOf } from './answers.ts';

const LONGEST_IDLE = 60;

export default defineOperation<VerifyOtpInput, VerifyOtpOutput>({
  definition: 'verify-otp',
  needs: [],
  async run({ idleMinutes, ...attempt }, context) {
    const { arrivals, tokens } = accountsOf(context);
    if (idleMinutes !== undefined && idleMinutes > LONGEST_IDLE) {
      throw new FhirError('value', `idleMinutes is at most ${LONGEST_IDLE}`, { expression: 'idleMinutes' });
    }
    const { account, subject } = await arrivals.arrive(attempt, visitorOf(context.call));
    const idle = idleMinutes === undefined ? {} : { idleSeconds: idleMinutes * 60 };
    return secretly({ ...tokensOf(await tokens.issue({ ...subject, ...idle })), account: shown(account) });
  },
});
