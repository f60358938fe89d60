// Group/[id]/$everything. https://hl7.org/fhir/R4/group-operation-everything.html
import type { Group } from 'fhir/r4.js';
import type { GroupEverythingInput, GroupEverythingOutput } from '../../../generated/operation-io.ts';
import { localName } from '../../model/references.ts';
import type { Store } from '../../storage/store.ts';
import { defineOperation } from '../operation.ts';
import { answerEverything } from './everything.ts';
import { PATIENTS_AT_ONCE, recordsOfPatients } from './everything-records.ts';
import { contentOf, need } from './stored.ts';

export default defineOperation<GroupEverythingInput, GroupEverythingOutput>({
  definition: 'Group-everything',
  needs: ['*.rs'],
  async: 'allowed',
  alsoReads: ['_cursor'],
  async run(input, context) {
    const { store, engine, call } = context;
    const id = context.target.id!;
    const group = contentOf(await need(store, 'Group', id)) as never as Group;
    const members = await patientsOf(store, group, call.base);
    return answerEverything(context, input, {
      path: `Group/${id}/$everything`,
      async chunk(after = '') {
        const left = members.filter((member) => member > after);
        const ids = left.slice(0, PATIENTS_AT_ONCE);
        return { ids, ...(left.length > ids.length && { next: ids.at(-1)! }) };
      },
      records: async (ids) => recordsOfPatients(engine.definitions, ids),
    });
  },
});

/** Active members, those of groups in the group among them, in the order of their ids. */
async function patientsOf(store: Store, group: Group, base: string): Promise<string[]> {
  const patients = new Set<string>();
  const seen = new Set([group.id]);
  let groups = [group];
  while (groups.length > 0) {
    const members = groups
      .flatMap(({ member = [] }) => member.filter(({ inactive }) => inactive !== true))
      .map(({ entity }) => localName(entity.reference ?? '', base))
      .filter((name) => name !== undefined);
    for (const { type, id } of members) if (type === 'Patient') patients.add(id);
    const nested = members.filter(({ type, id }) => type === 'Group' && !seen.has(id));
    for (const { id } of nested) seen.add(id);
    const versions = await store.readMany(nested);
    groups = versions.flatMap((version) =>
      version?.bytes ? [contentOf({ bytes: version.bytes }) as never as Group] : [],
    );
  }
  return [...patients].sort();
}
