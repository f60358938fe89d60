// Who may act for a patient (row A8).
import type { CarersInput, CarersOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { accountsOf } from './answers.ts';
import { patientOf } from './patient-of.ts';

export default defineOperation<CarersInput, CarersOutput>({
  definition: 'carers',
  needs: [],
  async run({ patient }, context) {
    const reference = patient === undefined ? undefined : { reference: patient };
    const found = await accountsOf(context).carers.of(await patientOf(context.call, reference));
    return {
      carer: found.map(({ account: { firstName, lastName, email }, proxy }) => ({
        id: proxy.relatedPerson,
        firstName,
        lastName,
        email,
        since: proxy.since.toISOString(),
      })),
    };
  },
});
