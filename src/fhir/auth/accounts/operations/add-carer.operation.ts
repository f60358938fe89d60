// A patient, or the front desk, asks somebody to care for the patient (row A8).
import type { AddCarerInput, AddCarerOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needPerson } from '../visitor.ts';
import { accountsOf } from './answers.ts';
import { patientOf } from './patient-of.ts';

export default defineOperation<AddCarerInput, AddCarerOutput>({
  definition: 'add-carer',
  needs: [],
  async run({ patient, email, relationship }, context) {
    const { id } = needPerson(context.call);
    const request = { email, by: id, ...(relationship !== undefined && { relationship }) };
    await accountsOf(context).carers.ask({ ...request, patient: await patientOf(context.call, patient) });
    return { message: 'The request is on its way.' };
  },
});
