// Refinements. What asks for at least one, or for none, is a filter of the database; what counts further is counted here, over the concepts
// that the index gives. https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language/behaviour-specification-with-examples/6.3-cardinality
import type { Filter } from 'mongodb';
import type { Attribute, Count, Ecl, Refinement } from '../../../../model/ecl.ts';
import { type ConceptDocument, keys } from '../document.ts';
import { allOf, anyOf, type EclContext, EVERYTHING, noneOf, oneOf, refuseTooMany, type Where } from './context.ts';
import { type Rows, rowsOf, set } from './rows.ts';

type Group = NonNullable<ConceptDocument['q']>[number];

/** A refinement with everything looked up. */
type Resolved =
  | { is: 'and' | 'or'; of: readonly Resolved[] }
  | { is: 'group'; count: Count; of: Resolved }
  | { is: 'rows'; count: Count; of: Rows }
  | { is: 'where'; where: Where };

/** `base`: what is refined */
export async function refined(refinement: Refinement, base: Where, context: EclContext): Promise<Where> {
  // only active relationships count, so that only active concepts are matched
  const active = allOf([base, { x: { $exists: false } }]);
  return allOf([active, await whereOf(await resolve(refinement, context), active, context)]);
}

async function resolve(refinement: Refinement, context: EclContext): Promise<Resolved> {
  switch (refinement.is) {
    case 'and':
    case 'or':
      return { is: refinement.is, of: await Promise.all(refinement.of.map((part) => resolve(part, context))) };
    case 'group':
      return { is: 'group', count: refinement.count, of: await resolve(refinement.of, context) };
    case 'attribute':
      return refinement.isReverse
        ? { is: 'where', where: await reversed(refinement, context) }
        : { is: 'rows', count: refinement.count, of: await rowsOf(refinement, context) };
  }
}

async function whereOf(resolved: Resolved, base: Where, context: EclContext): Promise<Where> {
  switch (resolved.is) {
    case 'and':
    case 'or': {
      const parts = await Promise.all(resolved.of.map((part) => whereOf(part, base, context)));
      return resolved.is === 'and' ? allOf(parts) : anyOf(parts);
    }
    case 'where':
      return resolved.where;
    case 'rows': {
      const present = presence(resolved.of);
      const isRow = rowTest(resolved.of);
      // the same relationship in two groups is redundant as one without groups
      const count = (groups: readonly Group[]): number =>
        new Set(groups.flatMap(({ k }) => k).filter((row) => isRow(row))).size;
      return counted(resolved.count, { candidates: present, present, count, base, context });
    }
    case 'group': {
      const meets = groupTest(resolved.of);
      return counted(resolved.count, {
        candidates: allOf([{ q: { $exists: true } }, possible(resolved.of)]),
        present: isPlain(resolved.of)
          ? allOf([{ q: { $elemMatch: insideGroup(resolved.of) } } as Where, possible(resolved.of)])
          : undefined,
        count: (groups) => groups.filter(({ k }) => meets(k)).length,
        base,
        context,
      });
    }
  }
}

interface Counting {
  /** what may have any */
  candidates: Where;
  /** what has at least one, where the database can tell */
  present: Where | undefined;
  count: (groups: readonly Group[]) => number;
  base: Where;
  context: EclContext;
}

async function counted({ min, max }: Count, { candidates, present, count, base, context }: Counting): Promise<Where> {
  if (min === 0 && max === Number.POSITIVE_INFINITY) return EVERYTHING;
  if (present !== undefined && min === 1 && max === Number.POSITIVE_INFINITY) return present;
  if (present !== undefined && max === 0) return noneOf([present]);
  const codes: string[] = [];
  await context.each(allOf([base, candidates]), ['q'], ({ _id, q = [] }) => {
    const found = count(q);
    if (min === 0 ? found > max : found >= min && found <= max) codes.push(_id);
    refuseTooMany(codes);
  });
  return min === 0 ? noneOf([oneOf(codes)]) : oneOf(codes);
}

const presence = ({ keys: found, rows, attributes }: Rows): Where =>
  attributes.length > 0 || found === rows
    ? { k: { $in: [...found] } }
    : allOf([{ k: { $in: [...found] } }, { 'q.k': { $in: [...rows] } } as Where]);

/** Counts that a filter of the database knows: some or none. */
const isPlainCount = ({ min, max }: Count): boolean => (max === Number.POSITIVE_INFINITY ? min <= 1 : max === 0);

function isPlain(resolved: Resolved): boolean {
  if (resolved.is === 'rows') return isPlainCount(resolved.count);
  return (resolved.is === 'and' || resolved.is === 'or') && resolved.of.every(isPlain);
}

/** What a concept needs, at the least, to have a group of this kind: read off the index. */
function possible(resolved: Resolved): Where {
  switch (resolved.is) {
    case 'and':
      return allOf(resolved.of.map(possible));
    case 'or':
      return anyOf(resolved.of.map(possible));
    case 'rows':
      return resolved.count.min === 0 ? EVERYTHING : { k: { $in: [...resolved.of.keys] } };
    default:
      return EVERYTHING;
  }
}

function insideGroup(resolved: Resolved): Filter<Group> {
  if (resolved.is === 'and') return { $and: resolved.of.map(insideGroup) };
  if (resolved.is === 'or') return { $or: resolved.of.map(insideGroup) };
  if (resolved.is !== 'rows' || (resolved.count.min === 0 && resolved.count.max > 0)) return {};
  const { rows, attributes } = resolved.of;
  const wanted = [...rows, ...attributes.map((attribute) => new RegExp(`^${attribute}=`))];
  return { k: resolved.count.max === 0 ? { $nin: wanted } : { $in: wanted } };
}

/** The same for a group that has been read. */
function groupTest(resolved: Resolved): (rows: readonly string[]) => boolean {
  switch (resolved.is) {
    case 'and':
    case 'or': {
      const tests = resolved.of.map(groupTest);
      return resolved.is === 'and'
        ? (rows) => tests.every((test) => test(rows))
        : (rows) => tests.some((test) => test(rows));
    }
    case 'rows': {
      const { min, max } = resolved.count;
      const isRow = rowTest(resolved.of);
      return (rows) => {
        const found = rows.filter((row) => isRow(row)).length;
        return found >= min && found <= max;
      };
    }
    default:
      return () => false;
  }
}

function rowTest({ rows, attributes }: Rows): (row: string) => boolean {
  const exact = new Set(rows);
  const any = new Set(attributes);
  return (row) => exact.has(row) || any.has(row.slice(0, row.indexOf('=')));
}

/** `R attribute = S`: what is a value of the attribute in concepts of S; counted by these. */
async function reversed({ name, value, count }: Attribute, context: EclContext): Promise<Where> {
  if (value.is !== 'concepts') return EVERYTHING;
  const { min, max } = count;
  if (min === 0 && max === Number.POSITIVE_INFINITY) return EVERYTHING;
  const attributes = await conceptAttributes(name, context);
  if (value.value.is === 'any' && !value.isNot && max === Number.POSITIVE_INFINITY && min === 1)
    return { k: { $in: attributes.map(keys.isValueOf) } };
  const targets = await targetsOf(attributes, await set(value.value, value.isNot, context), context);
  const wanted = targets.filter(({ sources }) => (min === 0 ? sources > max : sources >= min && sources <= max));
  const found = oneOf(wanted.map(({ code }) => code));
  return min === 0 ? noneOf([found]) : found;
}

/** `S . attribute` */
export async function valuesOf(of: Ecl, name: Ecl, context: EclContext): Promise<Where> {
  const attributes = await conceptAttributes(name, context);
  if (of.is === 'any') return { k: { $in: attributes.map(keys.isValueOf) } };
  const targets = await targetsOf(attributes, await context.whereOf(of), context);
  return oneOf(targets.map(({ code }) => code));
}

const conceptAttributes = (name: Ecl, { attributes, among }: EclContext): Promise<string[]> =>
  among(
    name,
    attributes.filter(({ type }) => type === 'code').map(({ code }) => code),
  );

async function targetsOf(
  attributes: readonly string[],
  where: Where,
  context: EclContext,
): Promise<{ code: string; sources: number }[]> {
  const isOne = { $in: ['$$p.code', [...attributes]] };
  const values = { $map: { input: { $filter: { input: '$p', as: 'p', cond: isOne } }, as: 'p', in: '$$p.value' } };
  const found = await context.aggregate<{ _id: string; sources: number }>(
    allOf([{ k: { $in: attributes.map(keys.hasAttribute) } }, where]),
    [
      { $project: { value: { $setUnion: [values] } } },
      { $unwind: '$value' },
      { $group: { _id: '$value', sources: { $sum: 1 } } },
    ],
  );
  return found.map(({ _id, sources }) => ({ code: _id, sources }));
}
