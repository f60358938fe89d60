// Lays a patient into a bed. The bed itself is won by the rule encounter-occupies-beds when the encounter is saved.
import type { Encounter, Location, Patient } from 'fhir/r4.js';
import { answerWith, defineOperation, type OperationAnswer } from '../../fhir/index.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import type { LocationAssignBedInput, LocationAssignBedOutput } from '../../generated/operation-io.ts';
import { createCrowd } from '../shared/crowd.ts';
import { asStored, contentOf, creation, need, needId, update } from '../shared/resources.ts';
import { bedIsNotFree, isOpen, needBed } from './bed.ts';
import { inBed, isOpenStay, stayOf } from './stay.ts';

const crowd = createCrowd();

export default defineOperation<LocationAssignBedInput, LocationAssignBedOutput>({
  definition: 'Location-assign-bed',
  needs: ['Location.r', 'Encounter.cu'],
  async run({ encounter, patient }, { target, store, now, call }) {
    const bedId = target.id!;
    needBed(await need<Location>(store, 'Location', bedId));
    if ((encounter === undefined) === (patient === undefined)) {
      throw new FhirError('required', 'Say who gets the bed: give either `encounter` or `patient`', {
        expression: 'encounter',
      });
    }
    const stayId = encounter && needId(encounter, 'Encounter', call, 'encounter');
    const patientId = patient && needId(patient, 'Patient', call, 'patient');
    if (patientId !== undefined) await need<Patient>(store, 'Patient', patientId);
    if (stayId !== undefined) {
      const lies = await store.read('Encounter', stayId);
      if (stayOf(contentOf<Encounter>(lies)).active.includes(bedId)) return answerOf(lies!);
    }

    const look = async (): Promise<void> => {
      const bed = await need<Location>(store, 'Location', bedId);
      if (!isOpen(bed)) throw bedIsNotFree(bed);
    };
    const attempt = (): Promise<OperationAnswer<LocationAssignBedOutput>> =>
      store.transaction(
        async (tx) => {
          const bed = needBed(await need<Location>(tx, 'Location', bedId));
          const stay =
            stayId === undefined ? newStay(patientId!, now()) : await need<Encounter>(tx, 'Encounter', stayId);
          if (!isOpenStay(stay)) {
            throw new FhirError('conflict', `Encounter/${stayId} is ${stay.status}, so it cannot get a bed`, {
              expression: 'encounter',
            });
          }
          const lying = inBed(stay, { id: bedId, name: bed.name }, new Date(now()).toISOString());
          const [saved] = await tx.write([stayId === undefined ? creation(lying) : update(lying)]);
          return answerOf(saved!);
        },
        { locks: [`Bed/${bedId}`] },
      );
    return crowd.tryFor(`${call.base} Bed/${bedId}`, look, attempt);
  },
});

const answerOf = (version: Parameters<typeof asStored>[0]): OperationAnswer<LocationAssignBedOutput> =>
  answerWith({
    status: 200,
    output: { return: asStored<Encounter>(version) },
    location: `Encounter/${version.id}/_history/${version.version}`,
    version: version.version,
    lastUpdated: version.lastUpdated,
  });

const newStay = (patient: string, now: number): Encounter => ({
  resourceType: 'Encounter',
  status: 'in-progress',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP', display: 'inpatient encounter' },
  subject: { reference: `Patient/${patient}` },
  period: { start: new Date(now).toISOString() },
});
