// $closure: a client keeps a table of which of its codes subsume which; the server says what is new since it was last asked.
// https://hl7.org/fhir/R4/terminology-service.html#closure
import type { Coding, ConceptMap, ConceptMapGroup } from 'fhir/r4.js';
import type { ConceptMapClosureInput, ConceptMapClosureOutput } from '../../../generated/operation-io.ts';
import { FhirError } from '../../model/errors.ts';
import type { Place } from '../../storage/store.ts';
import type { Terminology } from '../../terminology/terminology.ts';
import { defineOperation } from '../operation.ts';

const PLACE = 'closure';
/** a table is one document, which holds 16 MB */
const MOST_CONCEPTS = 50_000;

interface Member {
  system: string;
  code: string;
  /** since which version of the table */
  since: number;
}

interface Table extends Place {
  version: number;
  members: Member[];
}

export default defineOperation<ConceptMapClosureInput, ConceptMapClosureOutput>({
  definition: 'ConceptMap-closure',
  needs: ['ConceptMap.u'],
  async run({ name, concept, version }, { store, now, engine }) {
    if (version !== undefined && concept !== undefined)
      throw new FhirError('invalid', 'Either new concepts are sent, or the entries since a version are asked for', {
        expression: 'version',
      });
    const id = encodeURIComponent(name);
    const codes = await codesOf(concept ?? [], engine.terminology);
    const table = await store.transaction(async (tx) => {
      const known = (await tx.readPlace(PLACE, id)) as Table | undefined;
      // neither concepts nor a version: the table begins anew
      const begins = concept === undefined && version === undefined;
      if (known === undefined && !begins) {
        throw new FhirError('not-found', `There is no closure table '${name}'; a call with the name alone begins one`, {
          expression: 'name',
        });
      }
      if (begins) {
        const empty = { version: 0, members: [] };
        await tx.changePlace(PLACE, id, {}, { $set: empty }, empty);
        return { ...empty, since: 0 };
      }
      const { version: current, members } = known!;
      if (version !== undefined) return { version: current, members, since: sinceOf(version, current) };
      const has = new Set(members.map(keyOf));
      const added = codes.filter((code) => !has.has(keyOf(code)));
      if (added.length === 0) return { version: current, members, since: current };
      if (members.length + added.length > MOST_CONCEPTS)
        throw new FhirError('too-costly', `A closure table holds at most ${MOST_CONCEPTS} concepts`);
      const next = {
        version: current + 1,
        members: [...members, ...added.map((one) => ({ ...one, since: current + 1 }))],
      };
      await tx.changePlace(PLACE, id, { version: current }, { $set: next });
      return { ...next, since: current };
    });
    const group = await groupsOf(table, engine.terminology);
    const map: ConceptMap = {
      resourceType: 'ConceptMap',
      name,
      status: 'active',
      experimental: true,
      date: new Date(now()).toISOString(),
      version: String(table.version),
      ...(group.length > 0 && { group }),
    };
    return { return: map };
  },
});

type Key = Pick<Member, 'system' | 'code'>;

const keyOf = ({ system, code }: Key): string => `${system}|${code}`;

async function codesOf(concepts: readonly Coding[], terminology: Terminology): Promise<Key[]> {
  const codes = new Map<string, Key>();
  for (const [index, { system, code }] of concepts.entries()) {
    const expression = `concept[${index}]`;
    if (system === undefined || code === undefined)
      throw new FhirError('required', 'A concept has a system and a code', { expression });
    const source = await terminology.codeSystem(system);
    if (source === undefined) throw new FhirError('not-found', `The code system ${system} is not here`, { expression });
    const known = await source.lookup(code);
    if (known === undefined)
      throw new FhirError('code-invalid', `The code '${code}' is not in the code system ${system}`, { expression });
    const key = { system, code: known.code };
    codes.set(keyOf(key), key);
  }
  return [...codes.values()];
}

function sinceOf(version: string, current: number): number {
  const since = Number(version);
  if (!Number.isInteger(since) || since < 0 || since > current) {
    throw new FhirError('value', `The table has the versions 0 to ${current}, not '${version}'`, {
      expression: 'version',
    });
  }
  return since;
}

/** The relations that have at least one new end: `element` is below its `target`. */
async function groupsOf(
  { members, since }: { members: readonly Member[]; since: number },
  terminology: Terminology,
): Promise<ConceptMapGroup[]> {
  const groups: ConceptMapGroup[] = [];
  for (const system of new Set(members.map((member) => member.system))) {
    const source = await terminology.codeSystem(system);
    if (source === undefined) throw new FhirError('not-found', `The code system ${system} is not here any more`);
    const own = members.filter((member) => member.system === system);
    const isNew = new Map(own.map((member) => [member.code, member.since > since]));
    const element: ConceptMapGroup['element'] = [];
    for (const { code } of own) {
      const above = await source.ancestors(code);
      const targets = above.filter((one) => one !== code && isNew.has(one) && (isNew.get(code) || isNew.get(one)));
      if (targets.length > 0)
        element.push({ code, target: targets.map((one) => ({ code: one, equivalence: 'subsumes' as const })) });
    }
    if (element.length > 0) groups.push({ source: system, target: system, element });
  }
  return groups;
}
