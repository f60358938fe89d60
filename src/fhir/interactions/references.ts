// Referential integrity, where the settings ask for it: no write that refers to nothing, no delete of what others refer to.
// https://hl7.org/fhir/R4/http.html#integrity
import { FhirError, type Issue } from '../model/errors.ts';
import { parseJson } from '../model/json.ts';
import { localName, type Name, nameOf } from '../model/references.ts';
import type { Resource } from '../model/resource.ts';
import { planCriteria } from '../search/index.ts';
import type { Store, Transaction } from '../storage/store.ts';
import type { Engine } from './call.ts';

export interface LiteralReference extends Name {
  /** the FHIRPath of the `reference` element */
  expression: string;
}

/** References of a resource to this server: `Type/id`, or the same below `base`. Contained, logical and foreign ones are not ours. */
export function literalReferences(resource: Resource, base?: string): LiteralReference[] {
  const found: LiteralReference[] = [];
  collect(resource, resource.resourceType, base, found);
  return found;
}

function collect(node: object, path: string, base: string | undefined, found: LiteralReference[]): void {
  for (const [key, value] of Object.entries(node)) {
    const here = Array.isArray(node) ? `${path}[${key}]` : `${path}.${key}`;
    if (typeof value === 'object' && value !== null) collect(value, here, base, found);
    else if (key === 'reference' && typeof value === 'string') {
      const name = localName(value, base);
      if (name !== undefined) found.push({ ...name, expression: here });
    }
  }
}

/**
 * Names of what a resource refers to as it is stored. An update keeps them: what they point to may have ended, or be out of the caller's reach.
 */
export async function referencesKept(
  resources: readonly Name[],
  store: Pick<Store | Transaction, 'readMany'>,
  base: string,
): Promise<Map<string, ReadonlySet<string>>> {
  const stored = resources.length === 0 ? [] : await store.readMany(resources);
  return new Map(
    stored.flatMap((version) => {
      if (!version?.bytes) return [];
      const references = literalReferences(parseJson(version.bytes) as Resource, base);
      return [[nameOf(version), new Set(references.map(nameOf))]];
    }),
  );
}

/** Refuses a resource whose references point to nothing. `arriving` names what the same transaction creates: `Type/id`. */
export async function refuseBrokenReferences(
  engine: Engine,
  store: Pick<Store | Transaction, 'readMany'>,
  resource: Resource,
  base: string,
  arriving: ReadonlySet<string> = new Set(),
): Promise<void> {
  if (!engine.settings.checkReferences) return;
  const own = `${resource.resourceType}/${resource.id}`;
  const references = literalReferences(resource, base).filter(({ type, id }) => {
    const name = `${type}/${id}`;
    return name !== own && !arriving.has(name) && engine.definitions.resourceTypes.includes(type);
  });
  if (references.length === 0) return;
  const targets = await store.readMany(references);
  const missing = references.filter((_, index) => !targets[index]?.bytes);
  if (missing.length === 0) return;
  const { id: ownId, resourceType } = resource as Resource & { id?: string };
  const before = ownId === undefined ? [] : [{ type: resourceType, id: ownId }];
  const kept = (await referencesKept(before, store, base)).get(own);
  const issues = missing
    .filter((one) => !kept?.has(nameOf(one)))
    .map(
      (one): Issue => ({
        severity: 'error',
        code: 'not-found',
        diagnostics: `${nameOf(one)} does not exist here`,
        expression: one.expression,
      }),
    );
  if (issues.length > 0) throw new FhirError('business-rule', 'References point to nothing', { issues });
}

const NAMED_REFERRERS = 5;

/** Refuses to delete what others refer to, and names some of them. One question per type that can refer to `type`. */
export async function refuseDeleteOfReferenced(
  engine: Engine,
  store: Pick<Store | Transaction, 'find'>,
  { type, id }: { type: string; id: string },
): Promise<void> {
  if (!engine.settings.refuseDeleteOfReferenced) return;
  const { definitions, settings, now } = engine;
  const referrers: string[] = [];
  for (const referring of definitions.resourceTypes) {
    const of = [...definitions.searchParameters(referring).values()]
      .filter(
        (parameter) =>
          parameter.type === 'reference' && parameter.targets.includes(type) && parameter.added?.isSearchable !== false,
      )
      .map(({ code }) => {
        const query = [[code, `${type}/${id}`]] as const;
        return planCriteria({ definitions, type: referring, query, settings, now: now() }).where;
      });
    if (of.length === 0) continue;
    const limit = NAMED_REFERRERS + 1;
    const page = await store.find({ type: referring, where: { op: 'or', of }, sort: [], limit, total: 'none' });
    referrers.push(...page.matches.map((match) => `${match.type}/${match.id}`).filter((it) => it !== `${type}/${id}`));
    if (referrers.length > NAMED_REFERRERS) break;
  }
  if (referrers.length === 0) return;
  const named = referrers.slice(0, NAMED_REFERRERS).join(', ');
  const more = referrers.length > NAMED_REFERRERS ? ' and others' : '';
  throw new FhirError('conflict', `${type}/${id} is referred to by ${named}${more}`);
}
