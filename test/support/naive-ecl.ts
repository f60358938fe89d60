// The Expression Constraint Language as its specification defines it, over the tables of a small release: every set is worked out concept by
// concept, without an index. What the server answers is compared with it.
import type {
  Attribute,
  AttributeValue,
  ConceptCriterion,
  DescriptionCriterion,
  Ecl,
  Hierarchy,
  Refinement,
  TextSearch,
} from '../../src/fhir/model/ecl.ts';
import {
  associations,
  concepts,
  type EclConcept,
  type EclRelationship,
  members,
  relationships,
} from './ecl-release.ts';

type Codes = ReadonlySet<string>;

const byId = new Map(concepts.map((concept) => [concept.id, concept]));
const all: Codes = new Set(byId.keys());
const parentsOf = (id: string): readonly string[] => byId.get(id)?.parents ?? [];
const ancestorsOf = (id: string): Codes => {
  const found = new Set(parentsOf(id));
  for (const one of found) for (const parent of parentsOf(one)) found.add(parent);
  return found;
};

const filtered = (codes: Codes, test: (id: string) => boolean): Codes => new Set([...codes].filter(test));
const union = (sets: readonly Codes[]): Codes => new Set(sets.flatMap((codes) => [...codes]));

export function naive(ecl: Ecl): Codes {
  switch (ecl.is) {
    case 'concept':
      return filtered(all, (id) => id === ecl.id);
    case 'any':
      return all;
    case 'and':
      return ecl.of.map(naive).reduce((one, other) => filtered(one, (id) => other.has(id)));
    case 'or':
      return union(ecl.of.map(naive));
    case 'minus': {
      const without = naive(ecl.without);
      return filtered(naive(ecl.of), (id) => !without.has(id));
    }
    case 'members': {
      const sets = naive(ecl.of);
      if (ecl.field === 'targets') return new Set(associations.filter(([set]) => sets.has(set)).map(([, , to]) => to));
      const wanted = ecl.target && naive(ecl.target.value);
      const linked = associations
        .filter(([set, , to]) => sets.has(set) && (wanted === undefined || wanted.has(to) !== ecl.target!.isNot))
        .map(([, from]) => from);
      return new Set([...(wanted ? [] : members.filter(([set]) => sets.has(set)).map(([, id]) => id)), ...linked]);
    }
    case 'containers': {
      const contained = naive(ecl.of);
      const rows = [...members, ...associations.map(([set, from]) => [set, from] as const)];
      return new Set(rows.filter(([, id]) => contained.has(id)).map(([set]) => set));
    }
    case 'refined':
      return filtered(naive(ecl.of), (id) => byId.get(id)!.isActive && refines(id, ecl.by));
    case 'values': {
      const [sources, names] = [naive(ecl.of), naive(ecl.name)];
      return new Set(
        relationships
          .filter(({ source, attribute, value }) => sources.has(source) && names.has(attribute) && all.has(value))
          .map(({ value }) => value),
      );
    }
    case 'filtered':
      return filtered(naive(ecl.of), (id) => ecl.by.every((criterion) => meetsConcept(byId.get(id)!, criterion)));
    case 'described':
      return filtered(naive(ecl.of), (id) =>
        byId.get(id)!.descriptions.some((one) => ecl.by.every((criterion) => meetsDescription(one, criterion))),
      );
    case 'history': {
      const [base, sets] = [naive(ecl.of), naive(ecl.sets)];
      const linked = associations.filter(([set, , to]) => sets.has(set) && base.has(to)).map(([, from]) => from);
      return union([base, new Set(linked)]);
    }
    default:
      return related(ecl.is, naive(ecl.of));
  }
}

function meetsConcept(concept: EclConcept, criterion: ConceptCriterion): boolean {
  switch (criterion.is) {
    case 'active':
      return (concept.isActive === criterion.value) !== criterion.isNot;
    case 'definitionStatus': {
      const status = concept.isDefined ? '900000000000073002' : '900000000000074008';
      return naming(criterion.value, status) !== criterion.isNot;
    }
    case 'module':
      return naming(criterion.value, concept.module) !== criterion.isNot;
    case 'effectiveTime': {
      const { op, values } = criterion;
      if (op === '!=') return !values.includes(concept.time);
      return values.some((day) => (day !== '' || op === '=') && compares(concept.time, op, day));
    }
  }
}

type Description = EclConcept['descriptions'][number];

function meetsDescription({ text, type, language }: Description, criterion: DescriptionCriterion): boolean {
  switch (criterion.is) {
    case 'term':
      return criterion.value.some((search) => finds(search, text)) !== criterion.isNot;
    case 'language':
      return criterion.value.includes(language) !== criterion.isNot;
    case 'type':
      return naming(criterion.value, type) !== criterion.isNot;
    case 'active':
      return criterion.value !== criterion.isNot;
  }
}

/** Whether a set that may name what is no concept of the release names it. */
function naming(ecl: Ecl, id: string): boolean {
  if (ecl.is === 'concept') return ecl.id === id;
  if (ecl.is === 'or') return ecl.of.some((part) => naming(part, id));
  if (ecl.is === 'any') return true;
  return naive(ecl).has(id);
}

function related(op: Hierarchy, of: Codes): Codes {
  const isBelow = (id: string): boolean => [...ancestorsOf(id)].some((one) => of.has(one));
  const isChild = (id: string): boolean => parentsOf(id).some((one) => of.has(one));
  const above = union([...of].map(ancestorsOf));
  const parents = union([...of].map((id) => new Set(parentsOf(id))));
  switch (op) {
    case '<':
      return filtered(all, isBelow);
    case '<<':
      return filtered(all, (id) => of.has(id) || isBelow(id));
    case '<!':
      return filtered(all, isChild);
    case '<<!':
      return filtered(all, (id) => of.has(id) || isChild(id));
    case '>':
      return above;
    case '>>':
      return union([of, above]);
    case '>!':
      return parents;
    case '>>!':
      return union([of, parents]);
    case '!!>':
      return filtered(of, (id) => !isBelow(id));
    case '!!<':
      return filtered(of, (id) => !above.has(id));
  }
}

function refines(id: string, refinement: Refinement): boolean {
  const own = relationships.filter(({ source }) => source === id);
  switch (refinement.is) {
    case 'and':
      return refinement.of.every((part) => refines(id, part));
    case 'or':
      return refinement.of.some((part) => refines(id, part));
    case 'group': {
      const groups = new Map<string, EclRelationship[]>();
      // what is in no group is alone in one
      for (const [at, row] of own.entries()) {
        const key = row.group === '0' ? `alone ${at}` : row.group;
        groups.set(key, [...(groups.get(key) ?? []), row]);
      }
      const meeting = [...groups.values()].filter((rows) => groupRefines(rows, refinement.of)).length;
      return meeting >= refinement.count.min && meeting <= refinement.count.max;
    }
    case 'attribute': {
      const { min, max } = refinement.count;
      const found = refinement.isReverse
        ? new Set(
            relationships
              .filter((row) => row.value === id && matches({ ...row, value: row.source }, refinement))
              .map(({ source }) => source),
          )
        : new Set(own.filter((row) => matches(row, refinement)).map(({ attribute, value }) => `${attribute}=${value}`));
      return found.size >= min && found.size <= max;
    }
  }
}

function groupRefines(rows: readonly EclRelationship[], refinement: Refinement): boolean {
  switch (refinement.is) {
    case 'and':
      return refinement.of.every((part) => groupRefines(rows, part));
    case 'or':
      return refinement.of.some((part) => groupRefines(rows, part));
    case 'group':
      throw new Error('no groups in groups');
    case 'attribute': {
      const found = rows.filter((row) => matches(row, refinement)).length;
      return found >= refinement.count.min && found <= refinement.count.max;
    }
  }
}

const kept = new WeakMap<Ecl, Codes>();
function remembered(ecl: Ecl): Codes {
  const known = kept.get(ecl) ?? naive(ecl);
  kept.set(ecl, known);
  return known;
}

function matches({ attribute, value }: EclRelationship, { name, value: wanted }: Attribute): boolean {
  return remembered(name).has(attribute) && holds(value, wanted);
}

function holds(value: string, wanted: AttributeValue): boolean {
  switch (wanted.is) {
    case 'concepts':
      // any value is one that is no concept, too
      if (wanted.value.is === 'any') return !wanted.isNot;
      return all.has(value) && remembered(wanted.value).has(value) !== wanted.isNot;
    case 'number':
      return value.startsWith('#') && compares(Number(value.slice(1)), wanted.op, wanted.value);
    case 'boolean':
      return /^(true|false)$/.test(value) && (value === String(wanted.value)) !== wanted.isNot;
    case 'text': {
      if (!value.startsWith('"')) return false;
      const text = value.slice(1, -1).replaceAll('\\"', '"');
      return wanted.value.some((search) => finds(search, text)) !== wanted.isNot;
    }
  }
}

function compares<T extends string | number>(one: T, op: string, other: T): boolean {
  if (op.startsWith('<') && one < other) return true;
  if (op.startsWith('>') && one > other) return true;
  if (op === '!=') return one !== other;
  return op.endsWith('=') && one === other;
}

const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase();

function finds(search: TextSearch, text: string): boolean {
  switch (search.by) {
    case 'exact':
      return text === search.text;
    case 'match': {
      const words = plain(text).split(/[^a-z0-9]+/);
      return plain(search.text)
        .split(/[^a-z0-9]+/)
        .every((start) => words.some((word) => word.startsWith(start)));
    }
    case 'wild': {
      const escaped = search.parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
      return new RegExp(`^${escaped.join('.*')}$`, 'is').test(text);
    }
  }
}
