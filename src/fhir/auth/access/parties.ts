// Whom consents speak of: read once and followed since, because a team or a group is whoever is in it now. Who of them asks is told in
// standings.ts.
import type { CareTeam, Group, HealthcareService, Identifier, PractitionerRole, Reference } from 'fhir/r4.js';
import { parseJson } from '../../model/json.ts';
import type { Predicate } from '../../model/predicate.ts';
import { type Name, nameOf } from '../../model/references.ts';
import type { Resource } from '../../model/resource.ts';
import { planCriteria, tokenValue } from '../../search/index.ts';
import { everyMatch } from '../../storage/every-match.ts';
import type { Store } from '../../storage/store.ts';
import type { CriteriaContext } from './criteria.ts';
import { nameIn, type Parties } from './standings.ts';

export interface FollowedParties extends Parties {
  /** another one whenever somebody may be meant anew, or not any more */
  readonly revision: number;
  /** whether an organisation is among them, or among whom they consist of */
  readonly areOrganizations: boolean;
  /** of which it depends who is meant */
  resources(): Iterable<Resource>;
  /** looks at these, and at whom they consist of */
  refresh(references: Iterable<Reference>): Promise<void>;
}

export interface PartiesDeps {
  /** below every restriction */
  store: Pick<Store, 'find' | 'readMany'>;
  criteria: () => CriteriaContext;
}

const AT_ONCE = 500;
/** Consist of others. */
const TOGETHER: ReadonlySet<string> = new Set(['PractitionerRole', 'CareTeam', 'Group', 'HealthcareService']);
/** Whose identifier it may be that says no type. */
const IDENTIFIED = ['Practitioner', 'Organization', 'Patient', 'RelatedPerson', ...TOGETHER];

interface Known {
  version: number;
  resource: Resource;
}

export function createParties({ store, criteria }: PartiesDeps): FollowedParties {
  let known = new Map<string, Known>();
  let holders = new Map<string, readonly Name[]>();
  let staff = new Map<string, readonly Reference[]>();
  let signature = '';
  let revision = 0;
  let areOrganizations = false;

  async function refresh(references: Iterable<Reference>): Promise<void> {
    const context = criteria();
    const found = new Map<string, Known>();
    const held = new Map<string, readonly Name[]>();
    const asked = new Set<string>();
    for (let next = [...references]; next.length > 0; ) {
      const names: Name[] = [];
      const logical = new Map<string, Reference>();
      for (const reference of next) {
        const name = nameIn(reference, context);
        const key = name === undefined ? identifierKey(reference) : nameOf(name);
        if (key === undefined || asked.has(key)) continue;
        asked.add(key);
        if (name === undefined) logical.set(key, reference);
        else if (TOGETHER.has(name.type)) names.push(name);
      }
      const byIdentifier = await lookUpIdentifiers([...logical.values()], context);
      const services = names.filter(({ type }) => type === 'HealthcareService').map(nameOf);
      const roles = await findNames('PractitionerRole', 'service', services, context);
      const fresh = await load([...names, ...byIdentifier, ...roles], found);
      for (const [key, reference] of logical)
        held.set(
          key,
          byIdentifier.filter((name) => isHeldBy(found.get(nameOf(name)), reference)),
        );
      next = fresh.flatMap(consistsOf);
    }
    known = found;
    holders = held;
    staff = staffOf(found, context);
    areOrganizations =
      [...held.values()].flat().some(({ type }) => type === 'Organization') ||
      [...found.values()].flatMap(consistsOf).some((one) => nameIn(one, context)?.type === 'Organization');
    const now = JSON.stringify([
      [...found].map(([name, { version }]) => `${name} ${version}`).sort(),
      [...held].map(([key, names]) => [key, ...names.map(nameOf)].join(' ')).sort(),
    ]);
    if (now !== signature) revision++;
    signature = now;
  }

  async function lookUpIdentifiers(references: readonly Reference[], context: CriteriaContext): Promise<Name[]> {
    const tokens = new Map<string, Set<string>>();
    for (const { type, identifier } of references) {
      const { system, value } = identifier!;
      const token = tokenValue(system, value!);
      for (const one of type === undefined ? IDENTIFIED : [type])
        tokens.set(one, (tokens.get(one) ?? new Set()).add(token));
    }
    const found: Name[] = [];
    for (const [type, some] of tokens) {
      if (context.definitions.searchParameters(type).has('identifier'))
        found.push(...(await findNames(type, 'identifier', [...some], context)));
    }
    return found;
  }

  async function findNames(
    type: string,
    parameter: string,
    values: readonly string[],
    context: CriteriaContext,
  ): Promise<Name[]> {
    const found: Name[] = [];
    for (let start = 0; start < values.length; start += AT_ONCE) {
      const query = [[parameter, values.slice(start, start + AT_ONCE).join(',')]] as const;
      const { where } = planCriteria({ ...context, type, query });
      for await (const { id } of everyMatch(store, { type, where, atOnce: AT_ONCE, leaveBytes: true }))
        found.push({ type, id });
    }
    return found;
  }

  /** Content is read only where there is another version than before. Gives what was not in `found`. */
  async function load(names: readonly Name[], found: Map<string, Known>): Promise<Known[]> {
    const wanted = new Map(names.filter((name) => !found.has(nameOf(name))).map((name) => [nameOf(name), name]));
    const types = new Set([...wanted.values()].map(({ type }) => type));
    const changed: Name[] = [];
    for (const type of types) {
      const some = [...wanted.values()].filter((name) => name.type === type);
      for (let start = 0; start < some.length; start += AT_ONCE) {
        const where: Predicate = { op: 'ids', ids: some.slice(start, start + AT_ONCE).map(({ id }) => id) };
        const page = await store.find({ type, where, sort: [], limit: AT_ONCE, total: 'none', leaveBytes: true });
        for (const { id, version } of page.matches) {
          const before = known.get(nameOf({ type, id }));
          if (before?.version === version) found.set(nameOf({ type, id }), before);
          else changed.push({ type, id });
        }
      }
    }
    for (let start = 0; start < changed.length; start += AT_ONCE) {
      for (const version of await store.readMany(changed.slice(start, start + AT_ONCE))) {
        if (version?.bytes)
          found.set(nameOf(version), { version: version.version, resource: parseJson(version.bytes) as Resource });
      }
    }
    return [...wanted.keys()].flatMap((name) => found.get(name) ?? []);
  }

  function named(reference: Reference | undefined, context: CriteriaContext): readonly Name[] {
    const name = nameIn(reference, context);
    if (name !== undefined) return [name];
    const key = identifierKey(reference);
    return (key === undefined ? undefined : holders.get(key)) ?? [];
  }

  return {
    get revision() {
      return revision;
    },
    get areOrganizations() {
      return areOrganizations;
    },
    *resources() {
      for (const { resource } of known.values()) yield resource;
    },
    refresh,
    named,
    resource: (name) => known.get(name)?.resource,
    staffOf: (service) => staff.get(service) ?? [],
  };
}

/** Whether it must be looked up who is meant. */
export function isFollowed(reference: Reference, context: CriteriaContext): boolean {
  const name = nameIn(reference, context);
  return name === undefined ? identifierKey(reference) !== undefined : TOGETHER.has(name.type);
}

/** of https://hl7.org/fhir/R4/references.html#logical */
function identifierKey({ type, identifier }: Reference = {}): string | undefined {
  if (identifier?.value === undefined) return undefined;
  return JSON.stringify([type, identifier.system, identifier.value]);
}

function isHeldBy(known: Known | undefined, { type, identifier }: Reference): boolean {
  if (known === undefined || (type !== undefined && type !== known.resource.resourceType)) return false;
  const own = known.resource as { identifier?: Identifier | Identifier[] };
  return [own.identifier ?? []]
    .flat()
    .some(
      ({ system, value }) =>
        value === identifier!.value && (identifier!.system === undefined || system === identifier!.system),
    );
}

function consistsOf({ resource }: Known): Reference[] {
  switch (resource.resourceType) {
    case 'PractitionerRole': {
      const { practitioner, organization } = resource as unknown as PractitionerRole;
      return [practitioner, organization].flatMap((one) => one ?? []);
    }
    case 'CareTeam':
      return ((resource as unknown as CareTeam).participant ?? []).flatMap(({ member }) => member ?? []);
    case 'Group':
      return ((resource as unknown as Group).member ?? []).map(({ entity }) => entity);
    case 'HealthcareService':
      return [(resource as unknown as HealthcareService).providedBy].flatMap((one) => one ?? []);
    default:
      return [];
  }
}

/** Who works for a service, by it. */
function staffOf(known: ReadonlyMap<string, Known>, context: CriteriaContext): Map<string, readonly Reference[]> {
  const staff = new Map<string, Reference[]>();
  for (const [reference, { resource }] of known) {
    if (resource.resourceType !== 'PractitionerRole') continue;
    for (const service of (resource as unknown as PractitionerRole).healthcareService ?? []) {
      const name = nameIn(service, context);
      if (name === undefined) continue;
      const some = staff.get(nameOf(name)) ?? [];
      staff.set(nameOf(name), some);
      some.push({ reference });
    }
  }
  return staff;
}
