// The part of a transaction that needs no database: which entry means what, whether it is right, which id it will have, and
// where it refers to others. Done once; trying the transaction again does not repeat it.
import { FhirError } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import type { Lookups } from '../search/index.ts';
import type { Write } from '../storage/store.ts';
import { callOf, type Entry, readEntry } from './bundle-entry.ts';
import type { Call } from './call.ts';
import { readCriteria } from './conditional.ts';
import { type Grammar, readQuery } from './grammar.ts';
import { isCreateOnly, readIfMatch } from './headers.ts';
import { keyOf, type Wanted } from './look-up.ts';
import type { InteractionParts } from './parts.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import { type ConditionalReference, findLinks, type Links } from './resolve-references.ts';
import { readResourceBody } from './resource-body.ts';

type Parts = Pick<InteractionParts, 'engine' | 'validate' | 'access'> & { lookups: Lookups };

/** An entry that changes one resource; all others are calls of their own. */
export interface Item {
  entry: Entry;
  kind: 'delete' | 'create' | 'update';
  type: string;
  /** of a conditional entry: what is used if nothing matches */
  id: string;
  resource?: Resource;
  criteria?: Wanted;
  ifMatch?: number | 'any';
  createOnly: boolean;
}

export interface Plan {
  count: number;
  items: readonly Item[];
  /** operations, patches, then reads and searches, in the order in which they are answered */
  calls: readonly Entry[];
  links: Links;
  /** what conditional references ask for, by their text */
  references: ReadonlyMap<string, Wanted>;
  /** fullUrl → `Type/id` of entries that are neither created nor updated here */
  fixed: ReadonlyMap<string, string>;
  /** what will be written if no condition decides otherwise */
  expected: readonly Write[];
}

/** Validation gives way to other requests after so many resources. */
const AT_ONCE = 100;

export async function planTransaction(
  parts: Parts,
  grammar: Grammar,
  call: Call,
  entries: readonly unknown[],
): Promise<Plan> {
  const refusals = createRefusals();
  const items: Item[] = [];
  const calls: Entry[] = [];
  for (const [index, written] of entries.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve));
    refusals.attempt(index, () => {
      const entry = readEntry(written, index, grammar, call.base);
      const item = itemOf(parts, entry, call);
      if (item === undefined) calls.push(entry);
      else items.push(item);
    });
  }
  const all = [...items.map(({ entry }) => entry), ...calls];
  refuseEqualFullUrls(all, refusals);
  const linked = all.filter((entry) => entry.resource !== undefined) as (Entry & { resource: Resource })[];
  const known = new Set(all.flatMap(({ fullUrl }) => (fullUrl === undefined ? [] : [fullUrl])));
  const links = findLinks(linked, known, parts.engine.definitions);
  const references = referencesOf(parts, call, links.conditional, refusals);
  refuseEqualConditions(items, refusals);
  refusals.throwIfAny();
  return {
    count: entries.length,
    items,
    calls: calls.sort((a, b) => rank(a) - rank(b) || a.index - b.index),
    links,
    references,
    fixed: fixedAddresses(calls),
    expected: items.filter(({ criteria }) => criteria === undefined).map(expectedWrite),
  };
}

/** Those that are no calls of their own, and so are decided here. */
const CHANGES = new Set<Entry['target']['kind']>([
  'create',
  'update',
  'update-conditional',
  'delete',
  'delete-conditional',
]);

function itemOf(parts: Parts, entry: Entry, outer: Call): Item | undefined {
  const { target } = entry;
  if (target.kind === 'operation' || !('type' in target)) return undefined;
  const { type } = target;
  if (CHANGES.has(target.kind) && outer.caller !== undefined) parts.access?.decide(outer.caller, target);
  const call = callOf(entry, outer);
  const wanted = (query: Call['query']): Wanted => ({
    ...readCriteria(parts.engine, call, type, query, parts.lookups),
    type,
  });
  const body = (): Resource => readResourceBody(call, type, parts.validate);
  const common = { entry, type, createOnly: isCreateOnly(call) };
  const conditions = (ifMatch = readIfMatch(call)) => (ifMatch === undefined ? {} : { ifMatch });
  switch (target.kind) {
    case 'create': {
      const ifNoneExist = entry.headers['if-none-exist'];
      const criteria =
        ifNoneExist === undefined
          ? {}
          : { criteria: wanted(readQuery(ifNoneExist.trim().replace(/^[A-Z][A-Za-z]+\?/, ''))) };
      return { ...common, kind: 'create', id: outer.store.newId(), resource: body(), ...criteria };
    }
    case 'update': {
      const resource = body();
      if (resource.id !== target.id) {
        throw new FhirError('invalid', `The resource has the id "${resource.id ?? ''}", the URL "${target.id}"`, {
          expression: `${type}.id`,
        });
      }
      return { ...common, kind: 'update', id: target.id, resource, ...conditions() };
    }
    case 'update-conditional': {
      const resource = body();
      const id = resource.id ?? outer.store.newId();
      return { ...common, kind: 'update', id, resource, criteria: wanted(entry.query), ...conditions() };
    }
    case 'delete':
      return { ...common, kind: 'delete', id: target.id, ...conditions() };
    case 'delete-conditional':
      return { ...common, kind: 'delete', id: '', criteria: wanted(entry.query), ...conditions() };
    default:
      return undefined;
  }
}

/** https://hl7.org/fhir/R4/bundle.html bdl-7 */
function refuseEqualFullUrls(entries: readonly Entry[], refusals: Refusals): void {
  const seen = new Map<string, number>();
  for (const { fullUrl, index, method } of entries) {
    if (fullUrl === undefined || method === 'GET' || method === 'HEAD') continue;
    const other = seen.get(fullUrl);
    if (other !== undefined) {
      const expression = `Bundle.entry[${index}].fullUrl`;
      refusals.add(new FhirError('invalid', `Entry ${other} has the same fullUrl`, { expression }), index);
    } else seen.set(fullUrl, index);
  }
}

/** Which of the two would be the one that exists? */
function refuseEqualConditions(items: readonly Item[], refusals: Refusals): void {
  const seen = new Map<string, number>();
  for (const { criteria, entry } of items) {
    if (criteria === undefined) continue;
    const other = seen.get(keyOf(criteria));
    if (other !== undefined) {
      const expression = `Bundle.entry[${entry.index}].request`;
      refusals.add(new FhirError('invalid', `Entry ${other} has the same condition`, { expression }), entry.index);
    } else seen.set(keyOf(criteria), entry.index);
  }
}

function referencesOf(
  { engine, lookups }: Parts,
  call: Call,
  conditional: readonly ConditionalReference[],
  refusals: Refusals,
): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  const refused = new Set<string>();
  for (const { text, entry, expression } of conditional) {
    if (wanted.has(text) || refused.has(text)) continue;
    const question = text.indexOf('?');
    const type = text.slice(0, question);
    try {
      if (!engine.definitions.resourceTypes.includes(type))
        throw new FhirError('value', `There is no resource type ${type}`);
      wanted.set(text, { ...readCriteria(engine, call, type, readQuery(text.slice(question + 1)), lookups), type });
    } catch (error) {
      if (!(error instanceof FhirError)) throw error;
      refused.add(text);
      refusals.add(new FhirError(error.kind, `${text}: ${error.message}`, { expression, cause: error }), entry);
    }
  }
  return wanted;
}

/** POST (operations) before PATCH before GET and HEAD: https://hl7.org/fhir/R4/http.html#trules */
const RANKS: Readonly<Record<Entry['method'], number>> = { DELETE: 0, POST: 1, PUT: 2, PATCH: 3, GET: 4, HEAD: 4 };
const rank = ({ method }: Entry): number => RANKS[method];

function fixedAddresses(calls: readonly Entry[]): Map<string, string> {
  return new Map(
    calls.flatMap(({ fullUrl, target }) =>
      fullUrl !== undefined && target.kind === 'patch' ? [[fullUrl, `${target.type}/${target.id}`] as const] : [],
    ),
  );
}

function expectedWrite({ kind, type, id, resource }: Item): Write {
  return kind === 'delete' ? { kind, type, id } : { kind, type, id, resource: resource! };
}
