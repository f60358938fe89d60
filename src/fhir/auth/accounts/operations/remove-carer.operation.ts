// A carer may no longer act for the patient (row A8).
import type { RemoveCarerInput, RemoveCarerOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { accountsOf } from './answers.ts';
import { patientOf } from './patient-of.ts';

export default defineOperation<RemoveCarerInput, RemoveCarerOutput>({
  definition: 'remove-carer',
  needs: [],
  async run({ id, patient }, context) {
    await accountsOf(context).carers.remove(await patientOf(context.call, patient), id);
    return { message: 'The carer has no access any more.' };
  },
});
