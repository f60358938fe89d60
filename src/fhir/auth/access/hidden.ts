// Elements that a caller does not see: taken out of what is shown, kept as they are by what the caller writes, refused where it sends them,
// and not to be found out by searching, sorting or including. Elements here are those of the resource itself, as whole ones.
import type { Definitions } from '../../definitions/definitions.ts';
import { FhirError } from '../../model/errors.ts';
import { parseJson, stringifyJson } from '../../model/json.ts';
import type { Resource } from '../../model/resource.ts';
import { containedIn, elementsReadBy, parametersOf } from '../../search/index.ts';
import type { Grant } from './policy.ts';

export interface Hidden {
  /** names as in JSON */
  elements: ReadonlySet<string>;
  /** whether a search parameter of the type speaks of one */
  hides(code: string): boolean;
}

/** Of the resource as a whole: they tell of no element. */
const ALWAYS_OPEN = new Set(['_id', '_lastUpdated', '_profile', '_tag', '_security', '_source']);
/** What a narrative tells can be what is hidden. */
const NARRATIVE = 'text';

/** What a grant hides of one type; undefined for nothing. */
export function hiddenBy(
  { hide, show }: Pick<Grant, 'hide' | 'show'>,
  type: string,
  definitions: Definitions,
): Hidden | undefined {
  if (!hide && !show) return undefined;
  const elements = new Set<string>();
  for (const { name, choice, min, isModifier } of definitions.type(type)?.elements.values() ?? []) {
    const isNamed = (names: readonly string[]): boolean =>
      names.includes(name) || (choice !== undefined && names.includes(choice));
    const isNeeded = min > 0 || isModifier || name === 'id' || name === 'meta' || name === 'contained';
    if (hide ? isNamed(hide) : !isNeeded && !isNamed(show!)) elements.add(name);
  }
  if (elements.size === 0) return undefined;
  elements.add(NARRATIVE);
  return hiddenOf(elements, type, definitions);
}

function hiddenOf(elements: ReadonlySet<string>, type: string, definitions: Definitions): Hidden {
  const known = new Map<string, boolean>();
  const choices = [...(definitions.type(type)?.elements.values() ?? [])];
  const isHidden = (name: string): boolean =>
    elements.has(name) || choices.some((element) => element.choice === name && elements.has(element.name));
  return {
    elements,
    hides(code) {
      if (ALWAYS_OPEN.has(code)) return false;
      let isAbout = known.get(code);
      if (isAbout === undefined) {
        const read = elementsReadBy(definitions, type, code);
        // what cannot be told apart may be about anything
        isAbout = read === undefined || [...read].some(isHidden);
        known.set(code, isAbout);
      }
      return isAbout;
    },
  };
}

/** What several ways to one resource hide all of. */
export function hiddenInAll(
  all: readonly (Hidden | undefined)[],
  type: string,
  definitions: Definitions,
): Hidden | undefined {
  const [first, ...more] = all;
  if (first === undefined || more.includes(undefined)) return undefined;
  if (more.every((one) => one === first)) return first;
  const elements = new Set([...first.elements].filter((name) => more.every((one) => one!.elements.has(name))));
  return elements.size === 0 ? undefined : hiddenOf(elements, type, definitions);
}

/** https://terminology.hl7.org/CodeSystem/v3-ObservationValue: "a resource is incomplete" */
const SUBSETTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };

/** A copy without what is hidden, marked as a part whether there was anything or not. What it contains is treated by `ofContained`. */
export function withoutHidden(
  bytes: Buffer,
  hidden: Hidden | undefined,
  ofContained: (type: string) => Hidden | undefined,
): Buffer {
  const resource = parseJson(bytes) as Resource;
  const kept = hidden ? marked(without(resource, hidden)) : resource;
  if (Array.isArray(kept.contained)) {
    kept.contained = (kept.contained as Resource[]).map((one) => {
      const inner = ofContained(one?.resourceType ?? '');
      return inner ? without(one, inner) : one;
    });
  }
  return Buffer.from(stringifyJson(kept));
}

function without(resource: Resource, { elements }: Hidden): Resource {
  const { contained, ...copy } = resource;
  for (const name of Object.keys(copy)) {
    if (elements.has(name.startsWith('_') ? name.slice(1) : name)) delete copy[name];
  }
  if (!Array.isArray(contained)) return copy as Resource;
  const kept = referredTo(contained as Resource[], copy);
  if (kept.length === 0) return copy as Resource;
  const { resourceType, id, meta, ...rest } = copy as Resource;
  return { resourceType, ...(id === undefined ? {} : { id }), ...(meta && { meta }), contained: kept, ...rest };
}

/** What is contained is a part of the elements that refer to it, by way of others too, and is hidden with them. */
function referredTo(contained: readonly Resource[], resource: object): Resource[] {
  const byId = new Map(contained.map((one) => [`#${one?.id}`, one]));
  const kept = new Set<Resource>();
  const visit = (node: unknown): void => {
    if (typeof node === 'object' && node !== null) for (const value of Object.values(node)) visit(value);
    else if (typeof node === 'string' && node.startsWith('#')) {
      const found = byId.get(node);
      if (found === undefined || kept.has(found)) return;
      kept.add(found);
      visit(found);
    }
  };
  visit(resource);
  return contained.filter((one) => kept.has(one));
}

function marked({ resourceType, id, meta, ...rest }: Resource): Resource {
  const tag = [...(meta?.tag ?? []).filter((one) => !isMark(one)), SUBSETTED];
  return { resourceType, ...(id === undefined ? {} : { id }), meta: { ...meta, tag }, ...rest };
}

const isMark = ({ system, code }: { system?: string; code?: string }): boolean =>
  system === SUBSETTED.system && code === SUBSETTED.code;

/** What the caller wrote with what it could not see in it. Throws where the caller sends an element that is hidden from it. */
export function withHiddenKept(written: Resource, before: Resource | undefined, hidden: Hidden): Resource {
  const { elements } = hidden;
  const { resourceType: type } = written;
  const after: Resource = { ...written };
  for (const name of Object.keys(written)) {
    const plain = name.startsWith('_') ? name.slice(1) : name;
    if (!elements.has(plain)) continue;
    throw new FhirError('forbidden', `${type}.${plain} is not shown to you, so it cannot be written`, {
      expression: `${type}.${plain}`,
    });
  }
  for (const name of Object.keys(before ?? {})) {
    if (elements.has(name.startsWith('_') ? name.slice(1) : name)) after[name] = before![name];
  }
  const within = before ? containedIn(before) : [];
  const shown = new Set(before && within.length > 0 ? containedIn(without(before, hidden)) : []);
  const unseen = within.filter((one) => !shown.has(one));
  if (unseen.length > 0) {
    const own = containedIn(written);
    const taken = own.find(({ id }) => unseen.some((one) => one.id === id));
    if (taken)
      throw new FhirError('business-rule', `Call what you contain something else than '${taken.id}'`, {
        expression: `${type}.contained`,
      });
    after.contained = [...own, ...unseen];
  }
  if (after.meta?.tag?.some(isMark)) {
    const { tag, ...meta } = after.meta;
    const others = tag!.filter((one) => !isMark(one));
    after.meta = others.length > 0 ? { ...meta, tag: others } : meta;
  }
  return after;
}

/** The parameters by which the type is ordered where a search does not say. */
export const ordersByHidden = (hidden: Hidden | undefined, type: string, definitions: Definitions): boolean => {
  const { mainDate } = parametersOf(definitions, type);
  return hidden !== undefined && mainDate !== undefined && hidden.hides(mainDate);
};
