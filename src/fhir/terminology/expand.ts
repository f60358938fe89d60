// ValueSet/$expand: the codes of a value set as a ValueSet with an expansion.
// https://hl7.org/fhir/R4/valueset-operation-expand.html
import type { ValueSet, ValueSetExpansionContains, ValueSetExpansionParameter } from 'fhir/r4.js';
import type { Concept, Designation } from '../model/concept.ts';
import { FhirError } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import { displayIn, isLanguage } from './displays.ts';
import { enumerate, type Item, overlaps } from './enumerate.ts';
import type { ExpandOptions } from './terminology.ts';
import type { Plan } from './value-set-plan.ts';
import { readCanonical } from './versions.ts';

export interface ExpandDeps {
  /** TERMINOLOGY_MAX_EXPANSION */
  limit: number;
  now: () => number;
  newId: () => string;
}

export async function expandPlan(
  valueSet: Resource,
  plan: Plan,
  options: ExpandOptions,
  { limit, now, newId }: ExpandDeps,
): Promise<Resource> {
  const { items, total } = await gather(plan, options, limit);
  const isPage = options.offset !== undefined || options.count !== undefined;
  const isFlat = isPage || options.excludeNested === true || options.filter !== undefined;
  const contains = isFlat ? items.map((item) => containsOf(item, options)) : nest(items, options);
  const { text: _, contained: _c, compose, expansion: _e, ...definition } = valueSet as unknown as ValueSet;
  const expanded: ValueSet = {
    ...definition,
    resourceType: 'ValueSet',
    ...(options.includeDefinition === true && compose !== undefined && { compose }),
    expansion: {
      identifier: `urn:uuid:${newId()}`,
      timestamp: new Date(now()).toISOString(),
      ...(total !== undefined && { total }),
      ...(isPage && { offset: options.offset ?? 0 }),
      parameter: [...asked(options), ...versionsOf(items, plan), ...supplementsIn(plan)],
      ...(contains.length > 0 && { contains }),
    },
  };
  return expanded as unknown as Resource;
}

/** The page asked for, or everything up to the limit. */
async function gather(
  plan: Plan,
  options: ExpandOptions,
  limit: number,
): Promise<{ items: readonly Item[]; total?: number }> {
  const { offset = 0, count, filter, activeOnly, excludeNotForUI } = options;
  const wish = { ...(filter !== undefined && { text: filter }), ...(activeOnly === true && { activeOnly }) };
  if (count !== undefined && excludeNotForUI !== true) {
    const page = await straight(plan, { ...wish, offset, count: Math.min(count, limit + 1) });
    if (page !== undefined && page.items.length > limit) throw tooCostly(plan, limit);
    if (page !== undefined) return page;
  }
  const until = count === undefined ? Number.POSITIVE_INFINITY : offset + count;
  const items: Item[] = [];
  let total = 0;
  for await (const batch of enumerate(plan, wish)) {
    for (const item of batch) {
      if (excludeNotForUI === true && item.concept.isAbstract) continue;
      if (total >= offset && total < until) items.push(item);
      total++;
      if (items.length > limit) throw tooCostly(plan, limit);
    }
    // counting the rest of something large is not worth the wait
    if (total >= until && total > limit) return { items };
  }
  return { items, total };
}

/** One code system without anything to be taken away: it can find the page itself. */
async function straight(
  { include, exclude, activeOnly: onlyActive }: Plan,
  { text, activeOnly, offset, count }: { text?: string; activeOnly?: boolean; offset: number; count: number },
): Promise<{ items: readonly Item[]; total?: number } | undefined> {
  const [part] = include;
  if (include.length !== 1 || exclude.length > 0 || part?.source === undefined) return undefined;
  if (part.listed !== undefined || part.imports.length > 0 || part.missingImport !== undefined) return undefined;
  const { source, filters } = part;
  const isActive = activeOnly === true || onlyActive;
  const { concepts, total } = await source.select({
    filters,
    ...(text !== undefined && { text }),
    ...(isActive && { activeOnly: true }),
    offset,
    count,
  });
  const version = source.version === undefined ? {} : { version: source.version };
  const items = concepts.map((concept) => ({ system: source.url, ...version, concept }));
  return { items, ...(total !== undefined && { total }) };
}

const tooCostly = ({ name }: Plan, limit: number): FhirError =>
  new FhirError(
    'too-costly',
    `${name} has more than ${limit} codes: ask with filter, or for pages with offset and count`,
  );

/** Codes below the first of their parents that is here too. */
function nest(items: readonly Item[], options: ExpandOptions): ValueSetExpansionContains[] {
  const made = new Map(items.map((item) => [keyOf(item.system, item.concept.code), containsOf(item, options)]));
  const above = new Map<ValueSetExpansionContains, ValueSetExpansionContains>();
  const roots: ValueSetExpansionContains[] = [];
  for (const { system, concept } of items) {
    const own = made.get(keyOf(system, concept.code))!;
    const parent = concept.parents
      ?.map((code) => made.get(keyOf(system, code)))
      .find((one) => one && !isBelow(one, own));
    if (parent === undefined) roots.push(own);
    else {
      above.set(own, parent);
      parent.contains = [...(parent.contains ?? []), own];
    }
  }
  return roots;

  function isBelow(one: ValueSetExpansionContains, other: ValueSetExpansionContains): boolean {
    for (let at: ValueSetExpansionContains | undefined = one; at !== undefined; at = above.get(at))
      if (at === other) return true;
    return false;
  }
}

const keyOf = (system: string, code: string): string => `${system}|${code}`;

function containsOf({ system, concept }: Item, options: ExpandOptions): ValueSetExpansionContains {
  const { code, isActive, isAbstract } = concept;
  const display = displayIn(concept, options.displayLanguage);
  const designation = options.includeDesignations === true ? designationsOf(concept, options.designation) : [];
  return {
    system,
    ...(isAbstract === true && { abstract: true }),
    ...(!isActive && { inactive: true }),
    code,
    ...(display !== undefined && { display }),
    ...(designation.length > 0 && { designation }),
  };
}

/** Those of the parameter `designation` that are languages. */
export const languagesOf = (designation: readonly string[] = []): string[] =>
  designation.flatMap((token) => {
    const { url, version } = readCanonical(token);
    return version === undefined ? [url] : url === 'urn:ietf:bcp:47' ? [version] : [];
  });

/** By language (`urn:ietf:bcp:47|fr`, or `fr`) or by use (`system|code`); all where none is named. */
function designationsOf({ designations = [] }: Concept, wanted: readonly string[] = []): Designation[] {
  const isWanted = ({ language, use }: Designation): boolean =>
    wanted.some((token) => {
      const { url, version } = readCanonical(token);
      if (version === undefined) return language !== undefined && isLanguage(language, url);
      if (url === 'urn:ietf:bcp:47') return language !== undefined && isLanguage(language, version);
      return use?.system === url && use.code === version;
    });
  return wanted.length === 0 ? [...designations] : designations.filter(isWanted);
}

/** What the caller asked for, as https://hl7.org/fhir/R4/valueset-definitions.html#ValueSet.expansion.parameter wants it said. */
function asked(options: ExpandOptions): ValueSetExpansionParameter[] {
  const named: [string, Omit<ValueSetExpansionParameter, 'name'> | undefined][] = [
    ['filter', text(options.filter)],
    ['date', options.date === undefined ? undefined : { valueDateTime: options.date }],
    ['offset', options.offset === undefined ? undefined : { valueInteger: options.offset }],
    ['count', options.count === undefined ? undefined : { valueInteger: options.count }],
    ['includeDesignations', flag(options.includeDesignations)],
    ['includeDefinition', flag(options.includeDefinition)],
    ['activeOnly', flag(options.activeOnly)],
    ['excludeNested', flag(options.excludeNested)],
    ['excludeNotForUI', flag(options.excludeNotForUI)],
    ['displayLanguage', options.displayLanguage === undefined ? undefined : { valueCode: options.displayLanguage }],
    ...(options.designation ?? [])
      .map((value) => ['designation', text(value)] as const)
      .map(([a, b]) => [a, b] as [string, typeof b]),
    ...uris('exclude-system', options.excludeSystem),
    ...uris('system-version', options.systemVersion),
    ...uris('check-system-version', options.checkSystemVersion),
    ...uris('force-system-version', options.forceSystemVersion),
    ...uris('useSupplement', options.useSupplement),
  ];
  return named.flatMap(([name, value]) => (value === undefined ? [] : [{ name, ...value }]));
}

const text = (value: string | undefined): { valueString: string } | undefined =>
  value === undefined ? undefined : { valueString: value };
const flag = (value: boolean | undefined): { valueBoolean: boolean } | undefined =>
  value === undefined ? undefined : { valueBoolean: value };
const uris = (name: string, values: readonly string[] = []): [string, { valueUri: string }][] =>
  values.map((value) => [name, { valueUri: value }]);

/** `version`: which versions of code systems the codes were taken from */
function versionsOf(items: readonly Item[], plan: Plan): ValueSetExpansionParameter[] {
  const used = new Set(items.flatMap(({ system, version }) => (version === undefined ? [] : [`${system}|${version}`])));
  if (overlaps(plan) || used.size > 0) return [...used].sort().map((valueUri) => ({ name: 'version', valueUri }));
  return [];
}

/** Named as in FHIR R5: the supplements that had something to say. */
function supplementsIn(plan: Plan): ValueSetExpansionParameter[] {
  const used = (one: Plan): string[] =>
    one.include.flatMap(({ source, imports }) => [...(source?.supplements ?? []), ...imports.flatMap(used)]);
  return [...new Set(used(plan))].sort().map((valueUri) => ({ name: 'used-supplement', valueUri }));
}
