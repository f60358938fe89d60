// Encounter/[id]/$everything. https://hl7.org/fhir/R4/encounter-operation-everything.html
import type { EncounterEverythingInput, EncounterEverythingOutput } from '../../../generated/operation-io.ts';
import { localName } from '../../model/references.ts';
import { defineOperation } from '../operation.ts';
import { answerEverything } from './everything.ts';
import { recordsOfEncounter } from './everything-records.ts';
import { contentOf, need } from './stored.ts';

export default defineOperation<EncounterEverythingInput, EncounterEverythingOutput>({
  definition: 'Encounter-everything',
  needs: ['*.rs'],
  async: 'allowed',
  alsoReads: ['_cursor'],
  async run(input, context) {
    const { store, engine, call } = context;
    const id = context.target.id!;
    const { subject } = contentOf(await need(store, 'Encounter', id)) as { subject?: { reference?: string } };
    const patient = localName(subject?.reference ?? '', call.base);
    return answerEverything(context, input, {
      path: `Encounter/${id}/$everything`,
      chunk: async () => ({ ids: [] }),
      records: async () =>
        recordsOfEncounter(engine.definitions, id, patient?.type === 'Patient' ? patient.id : undefined),
    });
  },
});
