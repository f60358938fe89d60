// The filters of a value set as a filter of the database. https://hl7.org/fhir/R4/valueset-filter-operator.html
import type { Collection, Filter } from 'mongodb';
import type { ConceptFilter } from '../../../model/concept.ts';
import { FhirError } from '../../../model/errors.ts';
import type { SystemHead } from '../../concepts.ts';
import { strictlyBelow } from './below.ts';
import { type ConceptDocument, keyOf, keys } from './document.ts';
import type { Constraint } from './ecl/index.ts';

type Where = Filter<ConceptDocument>;

export interface FilterDeps {
  head: SystemHead;
  collection: Collection<ConceptDocument>;
  constrained(constraint: Constraint): Promise<Where>;
}

export async function whereOf(filters: readonly ConceptFilter[], deps: FilterDeps): Promise<Where[]> {
  return Promise.all(filters.map((filter) => oneOf(filter, deps)));
}

/** R4 writes `concept`, many write `code` */
const isCode = (property: string): boolean => property === 'concept' || property === 'code' || property === '';

const listOf = (value: string): string[] =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

const NOTHING: Where = { _id: { $in: [] } };

async function oneOf(filter: ConceptFilter, deps: FilterDeps): Promise<Where> {
  const { property, op, value, ecl } = filter;
  if (ecl !== undefined) return deps.constrained({ text: value, ecl });
  // nothing here is post-coordinated. https://hl7.org/fhir/R4/snomedct.html#filters
  if (property === 'expressions' && op === '=' && value === 'false' && deps.head.relations !== undefined) return {};
  if (isCode(property)) return byCode(filter, deps);
  if (property === 'display') return byDisplay(filter, deps);
  if (op === '=' && property === 'parent') return { up: value };
  if (op === '=' && property === 'ancestor') return strictlyBelow(value, deps.collection);
  if (op === '=' && property === 'child') {
    const child = await deps.collection.findOne({ _id: value }, { projection: { up: 1 } });
    return { _id: { $in: [...(child?.up ?? [])] } };
  }
  if (op === '=' && property === 'inactive') return value === 'true' ? { x: true } : { x: { $exists: false } };
  if (!deps.head.properties.some(({ code }) => code === property)) throw cannot(`property '${property}'`, deps);
  return byProperty(filter, deps);
}

async function byCode({ op, value }: ConceptFilter, deps: FilterDeps): Promise<Where> {
  switch (op) {
    case '=':
      return { _id: value };
    case 'is-a':
      return { a: value };
    case 'descendent-of':
      return strictlyBelow(value, deps.collection);
    case 'is-not-a':
      return { a: { $ne: value } };
    case 'generalizes': {
      const start = await deps.collection.findOne({ _id: value }, { projection: { a: 1 } });
      return start === null ? NOTHING : { _id: { $in: [...start.a] } };
    }
    case 'in':
      return deps.head.hasReferenceSets === true
        ? { $or: [{ k: { $in: listOf(value).map(keys.memberOf) } }, { _id: { $in: listsOfCodes(value) } }] }
        : { _id: { $in: listOf(value) } };
    case 'not-in':
      return deps.head.hasReferenceSets === true
        ? { k: { $nin: listOf(value).map(keys.memberOf) }, _id: { $nin: listsOfCodes(value) } }
        : { _id: { $nin: listOf(value) } };
    case 'regex':
      return { _id: wholeOf(value) as never };
    case 'exists':
      return value === 'true' ? {} : NOTHING;
  }
}

/** One id is a reference set; only several are a list of codes. */
const listsOfCodes = (value: string): string[] => {
  const list = listOf(value);
  return list.length > 1 ? list : [];
};

function byDisplay({ op, value }: ConceptFilter, deps: FilterDeps): Where {
  if (op === '=') return { d: value };
  if (op === 'regex') return { d: wholeOf(value) };
  if (op === 'in') return { d: { $in: listOf(value) } };
  if (op === 'exists') return { d: { $exists: value === 'true' } };
  throw cannot(`filter 'display ${op}'`, deps);
}

function byProperty({ property, op, value }: ConceptFilter, deps: FilterDeps): Where {
  switch (op) {
    case '=':
      return { k: keyOf(property, value) };
    case 'in':
      return { k: { $in: listOf(value).map((one) => keyOf(property, one)) } };
    case 'not-in':
      return { k: { $nin: listOf(value).map((one) => keyOf(property, one)) } };
    case 'exists': {
      const has = { p: { $elemMatch: { code: property } } } as Where;
      return value === 'true' ? has : { $nor: [has] };
    }
    case 'regex':
      return { p: { $elemMatch: { code: property, value: wholeOf(value) } } } as Where;
    default:
      throw cannot(`filter '${property} ${op}'`, deps);
  }
}

/** The database's own engine ends by itself what would take for ever. */
function wholeOf(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch (cause) {
    throw new FhirError('value', `The filter's value is no regular expression: ${(cause as Error).message}`, { cause });
  }
}

const cannot = (what: string, { head }: FilterDeps): FhirError =>
  new FhirError('not-supported', `The code system ${head.url} has no ${what}`);
