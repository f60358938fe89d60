// Contained resources have no place of their own, so their keys stand with their container's, under names of their own: those of the search
// parameter that refers to them, `medication#Medication.code`, which a chain asks for, or `#Medication.code` where none does. A resource
// that contains nothing pays nothing. https://hl7.org/fhir/R4/search.html#contained
import type { Definitions } from '../definitions/definitions.ts';
import type { Interval, SearchKeys } from '../model/keys.ts';
import { nothing, type Predicate } from '../model/predicate.ts';
import type { Resource } from '../model/resource.ts';
import { parametersOf } from './parameters.ts';

/** A reference to something in the same container, by a search parameter. */
export interface LocalReference {
  code: string;
  /** without `#` */
  id: string;
}

export interface Extracted {
  keys: SearchKeys;
  references: readonly LocalReference[];
}

/** Containers may not be nested, but contained resources may refer to each other, in circles too. */
const DEEPEST = 3;

const namesOf = (type: string, code = ''): { marker: string; prefix: string } => ({
  marker: `${code}#${type}|`,
  prefix: `${code}#${type}.`,
});

export const containedIn = (resource: Resource): Resource[] => {
  const { contained } = resource;
  if (!Array.isArray(contained)) return [];
  return (contained as unknown[]).filter(
    (one): one is Resource => typeof (one as Resource | null)?.resourceType === 'string',
  );
};

export function pushContained(
  { keys, references }: Extracted,
  contained: readonly Resource[],
  extract: (resource: Resource) => Extracted,
): void {
  const inner = new Map<Resource, Extracted>(contained.map((one) => [one, extract(one)]));

  function add(one: Resource, { marker, prefix }: { marker: string; prefix: string }): void {
    keys.k.push(marker);
    if (one.id !== undefined) keys.k.push(`${prefix}_id|${one.id}`);
    addUnder(prefix, inner.get(one)!.keys, keys);
  }

  function follow(prefix: string, locals: readonly LocalReference[], depth: number): void {
    for (const { code, id } of locals) {
      const one = contained.find((other) => other.id === id);
      if (!one) {
        // it has a value all the same
        keys.k.push(`${prefix}${code}#|`);
        continue;
      }
      const names = namesOf(one.resourceType, prefix + code);
      add(one, names);
      if (depth < DEEPEST) follow(names.prefix, inner.get(one)!.references, depth + 1);
    }
  }

  follow('', references, 1);
  const meant = new Set(references.map(({ id }) => id));
  for (const one of contained) if (one.id === undefined || !meant.has(one.id)) add(one, namesOf(one.resourceType));
}

function addUnder(prefix: string, from: SearchKeys, to: SearchKeys): void {
  for (const key of from.k) to.k.push(prefix + key);
  for (const token of from.t) to.t.push(prefix + token);
  for (const text of from.s) to.s.push(prefix + text);
  const under = ({ c: _order, ...one }: Interval): Interval => ({ ...one, p: prefix + one.p });
  to.d.push(...from.d.map(under));
  to.q.push(...from.q.map(under));
  for (const code of from.codes ?? []) {
    to.codes ??= [];
    to.codes.push({ ...code, key: prefix + code.key, token: prefix + code.token });
  }
}

/** The same question, asked of resources of `type` that are contained where the reference `code` means them, or no reference does. */
export function asContained(predicate: Predicate, type: string, code?: string): { marker: string; where: Predicate } {
  const { marker, prefix } = namesOf(type, code);
  return { marker, where: under(predicate, prefix) };
}

function under(predicate: Predicate, prefix: string): Predicate {
  switch (predicate.op) {
    case 'and':
    case 'or':
      return { op: predicate.op, of: predicate.of.map((part) => under(part, prefix)) };
    case 'not':
      return { op: 'not', of: under(predicate.of, prefix) };
    case 'equals':
      return { op: 'equals', key: prefix + predicate.key };
    case 'oneOf':
      return { op: 'oneOf', keys: predicate.keys.map((key) => prefix + key) };
    case 'confirms':
      return { op: 'confirms', tokens: predicate.tokens.map((token) => prefix + token) };
    case 'coded':
    case 'contains':
    case 'exists':
      return { ...predicate, param: prefix + predicate.param };
    case 'startsWith':
      return { ...predicate, prefix: prefix + predicate.prefix };
    case 'differs': {
      const { from, fromBeginnings = [] } = predicate;
      return {
        ...predicate,
        prefix: prefix + predicate.prefix,
        from: from.map((entry) => prefix + entry),
        fromBeginnings: fromBeginnings.map((beginning) => prefix + beginning),
      };
    }
    case 'interval': {
      // the codes of a composite are confirmed without the name of the parameter
      const { isMainDate: _own, ...interval } = predicate;
      return { ...interval, param: prefix + predicate.param };
    }
    case 'ids':
      return { op: 'oneOf', keys: predicate.ids.map((id) => `${prefix}_id|${id}`) };
    case 'linked': {
      const contained = predicate.contained?.map(({ marker, where }) => ({
        marker: prefix + marker,
        where: under(where, prefix),
      }));
      return { ...predicate, param: prefix + predicate.param, ...(contained && { contained }) };
    }
    // what is contained has no version, no place on the map and no words of its own, and nothing outside points to it
    case 'updated':
    case 'near':
    case 'words':
    case 'linkedFrom':
      return nothing;
  }
}

/** … and the same of `type` wherever it is contained in a `container`. */
export function containedAnywhere(
  definitions: Definitions,
  predicate: Predicate,
  { type, container }: { type: string; container: string },
): Predicate {
  const references = parametersOf(definitions, container).stored.filter(
    ({ definition, targets }) => definition.type === 'reference' && targets.includes(type),
  );
  return {
    op: 'or',
    of: [undefined, ...references.map(({ code }) => code)].map((code): Predicate => {
      const { marker, where } = asContained(predicate, type, code);
      return { op: 'and', of: [{ op: 'equals', key: marker }, where] };
    }),
  };
}
