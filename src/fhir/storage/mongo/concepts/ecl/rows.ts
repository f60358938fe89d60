// Which relationships an attribute of a refinement means: as keys of the index, and as rows of relationship groups.
// https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language/behaviour-specification-with-examples/6.2-refinements

import type { ConceptProperty } from '../../../../model/concept.ts';
import type { Attribute, AttributeValue, Ecl, Order } from '../../../../model/ecl.ts';
import { keys, rowOf } from '../document.ts';
import { allOf, type EclContext, noneOf, refuseTooMany, type Where } from './context.ts';
import { textTest } from './texts.ts';

export interface Rows {
  /** a concept with one of these may have such a relationship */
  keys: readonly string[];
  /** the relationships themselves */
  rows: readonly string[];
  /** every relationship of these attributes */
  attributes: readonly string[];
}

export async function rowsOf({ name, value }: Attribute, context: EclContext): Promise<Rows> {
  const types = new Map(context.attributes.map(({ code, type }) => [code, type]));
  const named = await context.among(name, [...types.keys()]);
  if (value.is !== 'concepts') return concreteRows(named, value, types, context);
  if (value.value.is === 'any') {
    const attributes = value.isNot ? [] : named;
    return { keys: attributes.map(keys.hasAttribute), rows: [], attributes };
  }
  const rows = await conceptRows(named, value, context);
  return { keys: rows, rows, attributes: [] };
}

async function conceptRows(
  attributes: readonly string[],
  { value, isNot }: AttributeValue & { is: 'concepts' },
  context: EclContext,
): Promise<string[]> {
  if (value.is === 'concept' && !isNot) return attributes.map((attribute) => rowOf(attribute, value.id));
  const used: Where = { k: { $in: attributes.map(keys.isValueOf) } };
  const where = allOf([used, await set(value, isNot, context)]);
  const [only, ...others] = attributes;
  if (only === undefined) return [];
  if (others.length === 0) return (await context.codesOf(where)).map((code) => rowOf(only, code));
  const rows: string[] = [];
  await context.each(where, ['k'], ({ _id, k }) => {
    const here = new Set(k);
    for (const attribute of attributes) if (here.has(keys.isValueOf(attribute))) rows.push(rowOf(attribute, _id));
    refuseTooMany(rows);
  });
  return rows;
}

export async function set(ecl: Ecl, isNot: boolean, context: EclContext): Promise<Where> {
  const where = await context.whereOf(ecl);
  return isNot ? noneOf([where]) : where;
}

/** What values an attribute has is counted among those that the release gives it. */
async function concreteRows(
  named: readonly string[],
  value: Exclude<AttributeValue, { is: 'concepts' }>,
  types: ReadonlyMap<string, string>,
  context: EclContext,
): Promise<Rows> {
  const wanted = { number: 'decimal', boolean: 'boolean', text: 'string' }[value.is];
  const attributes = named.filter((code) => types.get(code) === wanted);
  const test = testOf(value);
  const has = attributes.map(keys.hasAttribute);
  const found = await context.aggregate<{ _id: { code: string; value: ConceptProperty['value'] } }>(
    { k: { $in: has } },
    [
      { $unwind: '$p' },
      { $match: { 'p.code': { $in: attributes } } },
      { $group: { _id: { code: '$p.code', value: '$p.value' } } },
    ],
  );
  const rows = found.filter(({ _id }) => test(_id.value)).map(({ _id }) => rowOf(_id.code, _id.value));
  return { keys: has, rows, attributes: [] };
}

function testOf(wanted: Exclude<AttributeValue, { is: 'concepts' }>): (value: unknown) => boolean {
  switch (wanted.is) {
    case 'number':
      return (value) => typeof value === 'number' && ORDERED[wanted.op](value, wanted.value);
    case 'boolean':
      return (value) => (value === wanted.value) !== wanted.isNot;
    case 'text': {
      const test = textTest(wanted.value);
      return (value) => test(String(value)) !== wanted.isNot;
    }
  }
}

const ORDERED: Readonly<Record<Order, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};
