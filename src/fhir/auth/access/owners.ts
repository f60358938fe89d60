// To which organisation a resource belongs: the label `meta.security` of the system below, whose code is the Organization's id. The server
// sets it when a resource is created and keeps it; docs/adr/0019 says why, and types.json how it is worked out of the content.
import type { Definitions } from '../../definitions/definitions.ts';
import { FhirError } from '../../model/errors.ts';
import type { Label } from '../../model/labels.ts';
import { nothing, type Predicate } from '../../model/predicate.ts';
import type { Name } from '../../model/references.ts';
import type { Resource } from '../../model/resource.ts';
import { hasTokenOf, parametersOf } from '../../search/index.ts';
import { type CriteriaContext, planOnce } from './criteria.ts';
import { anyOf } from './predicates.ts';

export const OWNER_SYSTEM = 'https://wardgate.dev/fhir/CodeSystem/owner';

export interface Ownership {
  /** shared: nobody's in particular, everybody sees it; open: what has no owner is seen by everybody; owned: by nobody who is bound */
  sharingOf(type: string): 'shared' | 'open' | 'owned';
  /** the reference parameters that tell the owner of a type, in order: an Organization, or something that has the same owner */
  sourcesOf(type: string): readonly string[];
  /** the reference parameters by which a type names only what is of its own hospital: a ward, its hospital */
  insideOf(type: string): readonly string[];
}

export interface WrittenOwnership {
  shared: readonly string[];
  open: readonly string[];
  /** by type; absent: the reference to the patient */
  owners: Readonly<Record<string, readonly string[]>>;
  inside: Readonly<Record<string, readonly string[]>>;
}

export function readOwnership(written: WrittenOwnership, definitions: Definitions): Ownership {
  const shared = new Set(written.shared);
  const open = new Set(written.open);
  return {
    sharingOf: (type) => (shared.has(type) ? 'shared' : open.has(type) ? 'open' : 'owned'),
    sourcesOf(type) {
      const named = written.owners[type];
      if (named) return named;
      const { patient } = parametersOf(definitions, type);
      return patient === undefined ? [] : [patient];
    },
    insideOf: (type) => written.inside[type] ?? [],
  };
}

/** What belongs to one of the organisations. */
export function ownedBy(
  sharing: 'open' | 'owned',
  organizations: readonly string[],
  type: string,
  context: CriteriaContext,
): Predicate {
  const labels = organizations.map((id) => `${OWNER_SYSTEM}|${id}`).join(',');
  const owned = labels === '' ? nothing : planOnce(type, [['_security', labels]], context);
  return sharing === 'owned' ? owned : anyOf([owned, { op: 'not', of: hasTokenOf('_security', OWNER_SYSTEM) }]);
}

export const isOwner = ({ system }: Label): boolean => system === OWNER_SYSTEM;

export const ownersOf = ({ meta }: Resource): string[] =>
  (meta?.security ?? []).filter(isOwner).flatMap(({ code }) => code ?? []);

export function withOwners(resource: Resource, owners: readonly string[]): Resource {
  const security = resource.meta?.security ?? [];
  const others = security.filter((label) => !isOwner(label));
  if (owners.length === 0 && others.length === security.length) return resource;
  const { security: _, ...meta } = resource.meta ?? {};
  const labels = [...others, ...owners.map((code) => ({ system: OWNER_SYSTEM, code }))];
  return { ...resource, meta: labels.length > 0 ? { ...meta, security: labels } : meta };
}

/** Of a resource that is created, by what it refers to: the first of its sources that tells. */
export async function ownersByContent(
  sources: readonly string[],
  referred: (source: string) => readonly Name[],
  ownersOfReferred: (reference: Name) => Promise<readonly string[]>,
): Promise<string[]> {
  for (const source of sources) {
    const owners = await Promise.all(
      referred(source).map((one) => (one.type === 'Organization' ? [one.id] : ownersOfReferred(one))),
    );
    if (owners.some((some) => some.length > 0)) return [...new Set(owners.flat())];
  }
  return [];
}

export interface OwnerQuestion {
  type: string;
  after: Resource;
  before?: Resource;
  /** those of the caller's token; empty where it is bound to none */
  acting: readonly string[];
  /** the same with all that are part of them */
  bound: readonly string[];
  /** may give a resource to whom it likes */
  isFree: boolean;
}

/** The owners that the resource will have. Throws where the caller, who acts for several organisations, must say for which. */
export async function ownersFor(
  { type, after, before, acting, bound, isFree }: OwnerQuestion,
  byContent: () => Promise<string[]>,
): Promise<string[]> {
  const asked = ownersOf(after);
  if (before) return isFree && asked.length > 0 ? asked : ownersOf(before);
  if (acting.length === 0) return isFree && asked.length > 0 ? asked : byContent();
  const stranger = asked.find((id) => !bound.includes(id));
  if (stranger !== undefined) {
    throw new FhirError('forbidden', `You do not act for Organization/${stranger}`, {
      expression: `${type}.meta.security`,
    });
  }
  if (asked.length > 0) return asked;
  const own = (await byContent()).filter((id) => bound.includes(id));
  if (own.length > 0) return own;
  if (acting.length === 1) return [...acting];
  const message = `You act for several organisations: say in meta.security to which this ${type} belongs (${OWNER_SYSTEM}|id)`;
  throw new FhirError('business-rule', message, { expression: `${type}.meta.security` });
}
