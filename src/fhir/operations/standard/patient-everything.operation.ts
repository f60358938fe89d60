// Patient/[id]/$everything and Patient/$everything. https://hl7.org/fhir/R4/patient-operation-everything.html
import type { PatientEverythingInput, PatientEverythingOutput } from '../../../generated/operation-io.ts';
import { everything } from '../../model/predicate.ts';
import type { Store } from '../../storage/store.ts';
import { defineOperation } from '../operation.ts';
import { answerEverything } from './everything.ts';
import type { Chunk } from './everything-page.ts';
import { PATIENTS_AT_ONCE, recordsOfPatients } from './everything-records.ts';
import { need } from './stored.ts';

export default defineOperation<PatientEverythingInput, PatientEverythingOutput>({
  definition: 'Patient-everything',
  needs: ['*.rs'],
  async: 'allowed',
  alsoReads: ['_cursor'],
  async run(input, context) {
    const { target, store, engine } = context;
    const { id } = target;
    if (id === undefined) {
      return answerEverything(context, input, {
        path: 'Patient/$everything',
        chunk: (after) => somePatients(store, after),
        records: async (ids) => recordsOfPatients(engine.definitions, ids),
      });
    }
    await need(store, 'Patient', id);
    return answerEverything(context, input, {
      path: `Patient/${id}/$everything`,
      chunk: async () => ({ ids: [] }),
      records: async () => recordsOfPatients(engine.definitions, [id]),
    });
  },
});

async function somePatients(store: Store, after: string | undefined): Promise<Chunk> {
  const { matches, next } = await store.find({
    type: 'Patient',
    where: everything,
    sort: [{ by: 'id', descending: false }],
    limit: PATIENTS_AT_ONCE,
    total: 'none',
    ...(after !== undefined && { after }),
  });
  return { ids: matches.map(({ id }) => id), ...(next !== undefined && { next }) };
}
