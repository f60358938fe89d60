// What stands in `{{ … }}`: criteria of concepts, of descriptions, and history.
// https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language/behaviour-specification-with-examples (6.8 to 6.11)
import {
  type Compared,
  type ConceptCriterion,
  DEFINITION_STATUSES,
  DESCRIPTION_TYPES,
  type DescriptionCriterion,
  type Ecl,
  type TextSearch,
} from '../../../../model/ecl.ts';
import { wordsOf } from '../../../../model/words.ts';
import { type ConceptDocument, isExact, keyOf, keys, tokenOf } from '../document.ts';
import { allOf, anyOf, type EclContext, EVERYTHING, NOTHING, oneOf, refuseTooMany, type Where } from './context.ts';
import { set } from './rows.ts';
import { textTest } from './texts.ts';

export async function conceptsBy(by: readonly ConceptCriterion[], context: EclContext): Promise<Where> {
  return allOf(await Promise.all(by.map((criterion) => conceptBy(criterion, context))));
}

async function conceptBy(criterion: ConceptCriterion, context: EclContext): Promise<Where> {
  switch (criterion.is) {
    case 'active':
      return { x: { $exists: criterion.value === criterion.isNot } };
    case 'definitionStatus': {
      const { primitive, defined } = DEFINITION_STATUSES;
      const statuses = await context.among(criterion.value, [primitive, defined]);
      const found = statuses.map((status) => keyOf('sufficientlyDefined', String(status === defined)));
      return { k: criterion.isNot ? { $nin: found } : { $in: found } };
    }
    case 'module': {
      const found = (await context.codesIn(criterion.value)).map((id) => keyOf('moduleId', id));
      return { k: criterion.isNot ? { $nin: found } : { $in: found } };
    }
    case 'effectiveTime':
      return byTime(criterion);
  }
}

const TIME = 'effectiveTime';
const [EARLIEST, LATEST] = [keyOf(TIME, '0'), keyOf(TIME, '99999999')];

/** Days of eight digits: their order is that of the texts. */
const RANGES = {
  '<': (key: string) => ({ $gte: EARLIEST, $lt: key }),
  '<=': (key: string) => ({ $gte: EARLIEST, $lte: key }),
  '>': (key: string) => ({ $gt: key, $lte: LATEST }),
  '>=': (key: string) => ({ $gte: key, $lte: LATEST }),
};

function byTime({ op, values }: ConceptCriterion & { is: 'effectiveTime' }): Where {
  const found = values.map((value) => keyOf(TIME, value));
  if (op === '=') return { k: { $in: found } };
  if (op === '!=') return { k: { $nin: found } };
  // what is not yet published is neither before nor after anything
  const days = values.filter((value) => value !== '');
  return anyOf(days.map((day) => ({ k: { $elemMatch: RANGES[op](keyOf(TIME, day)) } }) as Where));
}

interface Description {
  text: string;
  type: string;
  language: string;
}

/** The concepts that one description each meets: words are looked up in the index, the rest is tested on what it gives. */
export async function describedBy(
  by: readonly DescriptionCriterion[],
  base: Where,
  context: EclContext,
): Promise<Where> {
  const tests = await Promise.all(by.map((criterion) => descriptionTest(criterion, context)));
  const hints = by.flatMap((one) => (one.is === 'term' && !one.isNot ? [withTexts(one.value)] : []));
  const codes: string[] = [];
  await context.each(allOf([base, ...hints]), ['g', 'f', 'l'], (document) => {
    if (descriptionsOf(document).some((description) => tests.every((test) => test(description))))
      codes.push(document._id);
    refuseTooMany(codes);
  });
  return oneOf(codes);
}

function descriptionsOf({ g = [], f, l = '' }: Pick<ConceptDocument, 'g' | 'f' | 'l'>): Description[] {
  const terms = g.map(({ value, use, language = '' }) => ({ text: value, type: use?.code ?? '', language }));
  return f === undefined ? terms : [...terms, { text: f, type: DESCRIPTION_TYPES.def, language: l }];
}

async function descriptionTest(
  criterion: DescriptionCriterion,
  context: EclContext,
): Promise<(description: Description) => boolean> {
  switch (criterion.is) {
    case 'term': {
      const test = textTest(criterion.value);
      return ({ text }) => test(text) !== criterion.isNot;
    }
    case 'language':
      return ({ language }) => criterion.value.includes(language.toLowerCase()) !== criterion.isNot;
    case 'type': {
      const types = await context.among(criterion.value, Object.values(DESCRIPTION_TYPES));
      return ({ type }) => types.includes(type) !== criterion.isNot;
    }
    case 'active':
      return () => criterion.value !== criterion.isNot;
  }
}

/** Definitions are not in the index of words: concepts that have one come along. */
const withTexts = (searches: readonly TextSearch[]): Where =>
  anyOf([{ k: keys.hasDefinition }, ...searches.map(withText)]);

function withText(search: TextSearch): Where {
  if (search.by === 'match') {
    const words = wordsOf(search.text);
    return allOf([
      { w: { $all: words.map(tokenOf) } },
      ...words.filter((word) => !isExact(word)).map((word): Where => ({ t: new RegExp(` ${word}`) })),
    ]);
  }
  const parts = search.by === 'wild' ? search.parts : [search.text];
  const longest = parts.toSorted((a, b) => b.length - a.length)[0] ?? '';
  if (longest === '') return EVERYTHING;
  return { 'g.value': new RegExp(longest.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i') } as Where;
}

/** What leads to a concept of the base by one of the associations, together with the base. */
export async function withHistory(base: Where, sets: Ecl, context: EclContext): Promise<Where> {
  return anyOf([base, await sourcesOf(base, sets, context)]);
}

/** Members of association reference sets by what they lead to. */
export async function membersLeadingTo(
  sets: Ecl,
  { value, isNot }: Compared<Ecl>,
  context: EclContext,
): Promise<Where> {
  return sourcesOf(await set(value, isNot, context), sets, context);
}

async function sourcesOf(targets: Where, sets: Ecl, context: EclContext): Promise<Where> {
  const chosen = await context.among(sets, context.associations);
  if (chosen.length === 0) return NOTHING;
  const found = new Set<string>();
  const where = allOf([{ k: { $in: chosen.map(keys.isTargetIn) } }, targets]);
  await context.each(where, ['h'], ({ h = [] }) => {
    for (const source of h) {
      const [association = '', code = ''] = source.split('|');
      if (chosen.includes(association)) found.add(code);
    }
  });
  return oneOf([...found]);
}

export const targetsIn = async (sets: Ecl, context: EclContext): Promise<Where> => ({
  k: { $in: (await context.among(sets, context.associations)).map(keys.isTargetIn) },
});

/** Reference sets that have one of these as a member. */
export async function containersOf(where: Where, context: EclContext): Promise<Where> {
  const isMember = { $eq: [{ $substrCP: ['$$key', 0, 1] }, keys.memberOf('')] };
  const found = await context.aggregate<{ _id: string }>(where, [
    { $project: { key: { $filter: { input: '$k', as: 'key', cond: isMember } } } },
    { $unwind: '$key' },
    { $group: { _id: '$key' } },
  ]);
  return oneOf(found.map(({ _id }) => _id.slice(keys.memberOf('').length)));
}
