// What is stored beside a resource so that it can be found: one plan per type, made at first use.
import { createHash } from 'node:crypto';
import type { Definitions } from '../definitions/definitions.ts';
import { EARLIEST, type KeyExtractor, type SearchKeys } from '../model/keys.ts';
import type { Resource } from '../model/resource.ts';
import { composeKeys } from './composite-keys.ts';
import { containedIn, type Extracted, type LocalReference, pushContained } from './contained-keys.ts';
import { compileExpression, type Expression } from './expression/compile.ts';
import { shortenKey } from './keys.ts';
import { parametersOf, type TypeParameters } from './parameters.ts';
import { type PatientCompartment, patientCompartmentOf } from './patient-compartment.ts';
import { type ExtractContext, type FullText, type Parameter, USUAL_FULL_TEXT } from './search-type.ts';
import { wordsOf } from './word-keys.ts';

/** Raised whenever the spelling of keys changes: every stored resource is then extracted again. */
const KEY_SCHEMA = 9;

export interface ExtractOptions {
  timeZone: string;
  /** this server's base, so that absolute references to itself are found like relative ones */
  baseUrl?: string | undefined;
  /** of which texts words are extracted; absent: the usual */
  fullText?: FullText | undefined;
}

export function createKeyExtractor(definitions: Definitions, options: ExtractOptions): KeyExtractor {
  const context: ExtractContext = { timeZone: options.timeZone, ownBase: options.baseUrl && `${options.baseUrl}/` };
  // by what `parametersOf` gives, which is another one when a type's parameters change
  const plans = new WeakMap<TypeParameters, TypePlan>();
  const versions = new WeakMap<TypeParameters, string>();
  const { fullText = USUAL_FULL_TEXT } = options;
  const planOf = (type: string): TypePlan => {
    const parameters = parametersOf(definitions, type);
    let plan = plans.get(parameters);
    if (!plan) {
      plan = planType(definitions, parameters);
      plans.set(parameters, plan);
    }
    return plan;
  };
  return {
    hasWords: fullText !== 'off',
    version(type) {
      const parameters = parametersOf(definitions, type);
      const version = versions.get(parameters) ?? versionOf(definitions, type, options);
      versions.set(parameters, version);
      return version;
    },
    extract(resource) {
      const keys = extract(resource, planOf(resource.resourceType), context, planOf);
      const words = wordsOf(definitions, resource, keys, fullText);
      if (words) keys.words = words;
      return keys;
    },
  };
}

function versionOf(definitions: Definitions, type: string, options: ExtractOptions): string {
  const { timeZone, baseUrl, fullText = USUAL_FULL_TEXT } = options;
  const published = createHash('sha256').update(
    JSON.stringify([KEY_SCHEMA, timeZone, baseUrl ?? null, fullText, type]),
  );
  const added = createHash('sha256');
  let hasAdded = false;
  for (const parameter of definitions.searchParameters(type).values()) {
    const { code, type: kind, expression, components } = parameter;
    hasAdded ||= parameter.added !== undefined;
    (parameter.added ? added : published).update(JSON.stringify([code, kind, expression, components]));
  }
  const base = published.digest('base64url').slice(0, 16);
  return hasAdded ? `${base}.${added.digest('base64url').slice(0, 16)}` : base;
}

type Step = (resource: Resource, keys: SearchKeys, context: ExtractContext, coded: string[] | undefined) => void;

interface TypePlan {
  parameters: TypeParameters;
  steps: readonly Step[];
  /** the steps whose keys are joined with the patient, by parameter */
  joined: readonly { code: string; step: Step }[];
  compartment: PatientCompartment;
}

function planType(definitions: Definitions, parameters: TypeParameters): TypePlan {
  const { type } = parameters;
  const step = (parameter: Parameter): Step => {
    const made = parameter.composition
      ? compositeStep(definitions, type, parameter)
      : elementStep(definitions, type, parameter);
    return parameter.definition.added ? forgiving(made) : made;
  };
  const joins = new Set(parameters.withPatient);
  return {
    parameters,
    steps: parameters.stored.filter(({ code }) => !joins.has(code)).map(step),
    joined: parameters.stored
      .filter(({ code }) => joins.has(code))
      .map((parameter) => ({ code: parameter.code, step: step(parameter) })),
    compartment: patientCompartmentOf(definitions, type),
  };
}

/** An expression that fails has no value (https://hl7.org/fhir/R4/fhirpath.html); what a user added must not stop others' writes. */
const forgiving =
  (step: Step): Step =>
  (resource, keys, context, coded) => {
    try {
      step(resource, keys, context, coded);
    } catch {
      // no keys
    }
  };

function elementStep(
  definitions: Definitions,
  type: string,
  { code, definition, type: { elements } }: Parameter,
): Step {
  const find = compileExpression(definitions, type, definition.expression ?? '');
  return (resource, keys, context, coded) => {
    const found = find(resource);
    if (found.length === 0) return;
    const sink = { code, keys, context, coded };
    for (const one of found) elements[one.type]?.(one.value, sink, one);
  };
}

/** A composite's keys come from the keys that its parts would have alone, element by element. */
function compositeStep(definitions: Definitions, type: string, { code, definition, composition }: Parameter): Step {
  const components = composition?.components ?? [];
  const find = compileExpression(definitions, type, definition.expression ?? '');
  const partsByType = new Map<string, Expression[]>();
  const partsOf = (elementType: string): Expression[] => {
    let parts = partsByType.get(elementType);
    if (!parts) {
      parts = definition.components.map(({ expression }) => compileExpression(definitions, elementType, expression));
      partsByType.set(elementType, parts);
    }
    return parts;
  };
  const types = components.map((component) => component.type);
  return (resource, keys, context) => {
    for (const element of find(resource)) {
      const parts = partsOf(element.type).map((part, index) => {
        const sink = { code: '', keys: noKeys(), context };
        for (const one of part(element.value as Resource, resource))
          types[index]?.elements[one.type]?.(one.value, sink, one);
        return sink.keys;
      });
      composeKeys(code, types, parts, keys);
    }
  };
}

const noKeys = (): SearchKeys => ({ k: [], t: [], s: [], d: [], q: [], sd: null });

function extract(
  resource: Resource,
  plan: TypePlan,
  outer: ExtractContext,
  planOf: (type: string) => TypePlan,
): SearchKeys {
  const keys = noKeys();
  const contained = resource.contained === undefined ? [] : containedIn(resource);
  const references: LocalReference[] = [];
  const context = contained.length === 0 ? outer : { ...outer, references };
  for (const step of plan.steps) step(resource, keys, context, undefined);
  pushCompartments(resource, plan.compartment, keys);
  joinPatient(resource, plan, keys, context);
  if (contained.length > 0)
    pushContained({ keys, references }, contained, (one) => extractContained(one, planOf(one.resourceType), outer));
  keys.k = distinct(keys.k);
  keys.t = distinct(keys.t);
  keys.s = distinct(keys.s);
  dateBy(plan.parameters.mainDate, keys);
  nameBy(plan.parameters.mainName, keys);
  return keys;
}

function extractContained(resource: Resource, plan: TypePlan, outer: ExtractContext): Extracted {
  const keys = noKeys();
  const references: LocalReference[] = [];
  const context = { ...outer, references };
  for (const step of plan.steps) step(resource, keys, context, undefined);
  joinPatient(resource, plan, keys, context);
  return { keys, references };
}

const distinct = (list: string[]): string[] => (list.length < 2 ? list : [...new Set(list)]);

/** `@<patient id>` where the reference to the patient does not say it. */
function pushCompartments({ id }: Resource, compartment: PatientCompartment, { k }: SearchKeys): void {
  const { main, others, isPatient } = compartment;
  const ids = new Set(others.flatMap((code) => patientIds(k, code)));
  if (isPatient && id !== undefined) ids.add(id);
  if (ids.size === 0) return;
  if (main !== undefined) for (const said of patientIds(k, main)) ids.delete(said);
  for (const one of ids) k.push(`@${one}`);
}

function patientIds(k: readonly string[], code: string): string[] {
  const prefix = `${code}|Patient/`;
  return patientKeys(k, prefix).map((key) => key.slice(prefix.length));
}

const patientKeys = (k: readonly string[], prefix: string): string[] =>
  k.filter((key) => key.startsWith(prefix) && !key.includes('/', prefix.length));

/**
 * `&subject|Patient/1|code|8302-2`: one key for the search that clinicians make most, sorted by date in its index. The `&`
 * keeps it out of the range of `subject`'s own keys.
 */
function joinPatient(
  resource: Resource,
  { parameters, joined }: TypePlan,
  keys: SearchKeys,
  context: ExtractContext,
): void {
  const patients = joined.length === 0 ? [] : patientKeys(keys.k, `${parameters.patient}|Patient/`);
  for (const { step } of joined) {
    const coded: string[] = [];
    step(resource, keys, context, coded);
    for (const patient of patients) for (const code of coded) keys.k.push(joinedKey(patient, code));
  }
}

/** also how the plan asks for it */
export const joinedKey = (patient: string, code: string): string => shortenKey(`&${patient}|${code}`);

const LONGEST_ID = 'x'.repeat(64);

/** What stands before and after the patient's id in it; undefined where it would be shortened with a long id. */
export function joinedKeyEnds(param: string, code: string): { before: string; after: string } | undefined {
  const [before, after] = [`&${param}|Patient/`, `|${code}`];
  const isWhole = joinedKey(`${param}|Patient/${LONGEST_ID}`, code) === before + LONGEST_ID + after;
  return isWhole ? { before, after } : undefined;
}

/** Longer ones differ in what follows, which no one reads in a list; and the index stays small. */
const NAME_LENGTH = 100;

function nameBy(code: string | undefined, keys: SearchKeys): void {
  if (code === undefined) return;
  const prefix = `${code}:`;
  const names = keys.s.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  const [one] = names;
  if (one === undefined) return;
  const ordered = names.length === 1 ? names : names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  keys.name = { first: shortened(ordered[0]!), last: shortened(ordered.at(-1)!) };
}

/** Whole characters only. */
const shortened = (name: string): string =>
  name.length <= NAME_LENGTH ? name : name.slice(0, NAME_LENGTH).replace(/[\uD800-\uDBFF]$/, '');

/** An open begin counts as the earliest, as it does in every other order and comparison: so `sd` is never after a `lo`. */
function dateBy(code: string | undefined, keys: SearchKeys): void {
  for (const { p, lo, hi } of keys.d) {
    if (p !== code) continue;
    const begin = Math.max(lo, EARLIEST);
    keys.span = keys.sd === null ? hi - lo : 'several';
    if (keys.sd === null || begin < keys.sd) keys.sd = begin;
  }
}
