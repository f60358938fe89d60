// What a document holds beside its composition: what the composition refers to, and what that refers to. https://hl7.org/fhir/R4/documents.html
import type { Call, Engine } from '../../interactions/call.ts';
import { literalReferences } from '../../interactions/references.ts';
import { FhirError, type Issue } from '../../model/errors.ts';
import { nameOf } from '../../model/references.ts';
import type { Resource } from '../../model/resource.ts';
import { patientsNamed } from '../../search/index.ts';
import type { Match, Store } from '../../storage/store.ts';
import { referencesIn } from './references-in.ts';
import { contentOf, findByName, nameFrom } from './stored.ts';

interface Deps {
  engine: Engine;
  call: Call;
  store: Store;
}

const MOST_RESOURCES = 5000;

/** The composition first, then what it names in its own order. What it names and is not here is a refusal; further away it is not. */
export async function directlyReferred({ engine, call, store }: Deps, composition: Match): Promise<Match[]> {
  const resource = contentOf(composition);
  const known = engine.definitions.resourceTypes;
  const named = literalReferences(resource, call.base).filter(({ type }) => known.includes(type));
  const found = new Map((await findByName(store, distinct(named))).map((match) => [nameOf(match), match]));
  const issues: Issue[] = [
    ...named
      .filter((name) => !found.has(nameOf(name)))
      .map(({ type, id, expression }) => issueOf('not-found', `${type}/${id} does not exist here`, expression)),
    ...foreignReferences(resource, call.base).map(({ text, expression }) =>
      issueOf('not-supported', `${text} is not of this server, so it cannot be part of the document`, expression),
    ),
  ];
  if (issues.length > 0) throw new FhirError('business-rule', 'The composition refers to what is not here', { issues });
  return distinct(named).map((name) => found.get(nameOf(name))!);
}

const distinct = <T extends { type: string; id: string }>(names: readonly T[]): T[] => [
  ...new Map(names.map((name) => [nameOf(name), name])).values(),
];

const issueOf = (code: string, diagnostics: string, expression: string): Issue => ({
  severity: 'error',
  code,
  diagnostics,
  expression,
});

function foreignReferences(resource: Resource, base: string): { text: string; expression: string }[] {
  const found: { text: string; expression: string }[] = [];
  const walk = (node: object, path: string): void => {
    for (const [key, value] of Object.entries(node)) {
      const here = Array.isArray(node) ? `${path}[${key}]` : `${path}.${key}`;
      if (typeof value === 'object' && value !== null) walk(value, here);
      else if (
        key === 'reference' &&
        typeof value === 'string' &&
        /^[a-z]+:/.test(value) &&
        !value.startsWith(`${base}/`)
      )
        found.push({ text: value, expression: here });
    }
  };
  walk(resource, resource.resourceType);
  return found;
}

/** All that is reached from these, without what belongs to patients that the document is not about. */
export async function transitivelyReferred(
  { engine, call, store }: Deps,
  composition: Match,
  direct: readonly Match[],
): Promise<Match[]> {
  const { definitions } = engine;
  const patients = new Set(
    [composition, ...direct].flatMap(({ type, keys = [] }) => patientsNamed(definitions, type, keys)),
  );
  const seen = new Set([composition, ...direct].map(nameOf));
  const found: Match[] = [];
  let level: readonly Match[] = direct;
  while (level.length > 0) {
    const names = level
      .filter(({ type }) => type !== 'Binary')
      .flatMap(({ bytes }) => referencesIn(bytes, call.base).map(nameOf));
    const fresh = [...new Set(names)].filter((name) => !seen.has(name));
    for (const name of fresh) seen.add(name);
    const wanted = fresh.map(nameFrom).filter(({ type }) => definitions.resourceTypes.includes(type));
    level = (await findByName(store, wanted)).filter(({ type, keys = [] }) => {
      const named = patientsNamed(definitions, type, keys);
      return named.length === 0 || named.some((id) => patients.has(id));
    });
    found.push(...level);
    if (found.length > MOST_RESOURCES)
      throw new FhirError('too-costly', `The document would hold more than ${MOST_RESOURCES} resources`);
  }
  return found;
}
