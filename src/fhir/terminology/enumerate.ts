// The codes of a value set, part by part and in batches, each once. https://hl7.org/fhir/R4/valueset.html#compositions
import type { ValueSetComposeIncludeConcept } from 'fhir/r4.js';
import type { Code, CodeSystemSource, Concept, Designation } from '../model/concept.ts';
import { FhirError } from '../model/errors.ts';
import { hasWords, normalise, wordsOf } from '../model/words.ts';
import { decide } from './decide.ts';
import { codeKey, type Part, type Plan } from './value-set-plan.ts';

export interface Item {
  system: string;
  version?: string;
  /** with the display of the value set, where it gives one */
  concept: Concept;
}

export interface Wish {
  text?: string;
  activeOnly?: boolean;
}

/** What cannot be listed is an error of kind `business-rule` (something is missing) or `too-costly` (a grammar). */
export async function* enumerate(plan: Plan, wish: Wish): AsyncGenerator<Item[]> {
  const activeOnly = wish.activeOnly === true || plan.activeOnly;
  const seen = overlaps(plan) ? new Set<string>() : undefined;
  for (const part of plan.include) {
    for await (const batch of enumeratePart(part, { ...wish, activeOnly })) {
      let items = seen === undefined ? batch : batch.filter((item) => isNew(item, seen));
      for (const excluded of plan.exclude) items = await without(items, excluded);
      if (items.length > 0) yield items;
    }
  }
}

/** Whether two parts may give the same code. */
export function overlaps({ include }: Plan): boolean {
  const systems = include.map(({ system }) => system);
  return include.length > 1 && (systems.includes(undefined) || new Set(systems).size < systems.length);
}

function isNew({ system, concept }: Item, seen: Set<string>): boolean {
  const key = `${system}|${concept.code}`;
  return !seen.has(key) && seen.add(key).size > 0;
}

async function* enumeratePart(part: Part, wish: Wish): AsyncGenerator<Item[]> {
  if (part.missingImport !== undefined) throw missing(part.missingImport);
  if (part.missing !== undefined && part.listed === undefined) throw missing(part.missing);
  const [first, ...others] = part.imports;
  if (part.system === undefined) {
    if (first === undefined) return;
    for await (const batch of enumerate(first, wish)) yield await within(batch, others);
    return;
  }
  for await (const concepts of conceptsOf(part, wish)) {
    const version = part.source?.version ?? part.version;
    const items = concepts.map((concept) => ({
      system: part.system!,
      ...(version !== undefined && { version }),
      concept,
    }));
    yield await within(items, part.imports);
  }
}

async function* conceptsOf(part: Part, wish: Wish): AsyncGenerator<readonly Concept[]> {
  const { source, listed, filters } = part;
  if (listed !== undefined) {
    yield await listedConcepts([...listed.values()], source, wish);
    return;
  }
  if (source === undefined) return;
  yield* source.each({
    filters,
    ...(wish.text !== undefined && { text: wish.text }),
    ...(wish.activeOnly === true && { activeOnly: true }),
  });
}

/** With what the code system says about them, where it is here; a display of the value set goes first. */
async function listedConcepts(
  listed: readonly ValueSetComposeIncludeConcept[],
  source: CodeSystemSource | undefined,
  { text, activeOnly }: Wish,
): Promise<Concept[]> {
  const known = new Map<string, Concept>();
  for (const concept of (await source?.lookupMany(listed.map(({ code }) => code))) ?? [])
    known.set(codeKey(concept.code, source), concept);
  const concepts = listed.map((concept) => merge(concept, known.get(codeKey(concept.code, source))));
  const active = activeOnly ? concepts.filter(({ isActive }) => isActive) : concepts;
  return text === undefined ? active : active.filter(matcher(text));
}

export function merge(listed: ValueSetComposeIncludeConcept, known: Concept | undefined): Concept {
  const { code, display, designation = [] } = listed;
  const own: Designation[] = designation.map(({ language, use, value }) => ({
    ...(language !== undefined && { language }),
    ...(use !== undefined && { use: use as Code }),
    value,
  }));
  const designations = [...own, ...(known?.designations ?? [])];
  return {
    ...(known ?? { isActive: true }),
    code: known?.code ?? code,
    ...(display !== undefined && { display }),
    ...(designations.length > 0 && { designations }),
  };
}

/** As `Selection.text`. */
export function matcher(text: string): (concept: Concept) => boolean {
  const typed = text.trim().toLowerCase();
  const words = wordsOf(text);
  return ({ code, display = '', designations = [] }) =>
    code.toLowerCase().startsWith(typed) ||
    (words.length > 0 &&
      hasWords([display, ...designations.map(({ value }) => value)].map(normalise).join(' '), words));
}

async function within(items: Item[], plans: readonly Plan[]): Promise<Item[]> {
  let left = items;
  for (const plan of plans) {
    left = await filterBySystem(left, async (codes, system) => {
      const decisions = await decide(plan, codes, { system });
      return (code) => settle(decisions.get(code)!);
    });
  }
  return left;
}

async function without(items: Item[], excluded: Part): Promise<Item[]> {
  const plan: Plan = { name: '', include: [excluded], exclude: [], activeOnly: false };
  return filterBySystem(items, async (codes, system) => {
    const decisions = await decide(plan, codes, { system });
    return (code) => !settle(decisions.get(code)!);
  });
}

function settle(decision: boolean | string): boolean {
  if (typeof decision === 'string') throw missing(decision);
  return decision;
}

async function filterBySystem(
  items: Item[],
  testOf: (codes: string[], system: string) => Promise<(code: string) => boolean>,
): Promise<Item[]> {
  const tests = new Map<string, (code: string) => boolean>();
  for (const system of new Set(items.map((item) => item.system))) {
    const codes = items.filter((item) => item.system === system).map(({ concept }) => concept.code);
    tests.set(system, await testOf(codes, system));
  }
  return items.filter(({ system, concept }) => tests.get(system)!(concept.code));
}

/** https://hl7.org/fhir/R4/valueset-operation-expand.html: what is needed is not here */
export const missing = (why: string): FhirError =>
  new FhirError('business-rule', why, { issues: [{ severity: 'error', code: 'not-found', diagnostics: why }] });
