// What the parts of the evaluation share: the concepts, what they are related by, and sets as lists of codes where nothing else will do.
import type { Collection, Filter } from 'mongodb';
import type { Ecl } from '../../../../model/ecl.ts';
import { FhirError } from '../../../../model/errors.ts';
import { strictlyBelow } from '../below.ts';
import type { ConceptDocument } from '../document.ts';
import { within } from '../within.ts';

export type Where = Filter<ConceptDocument>;

export const NOTHING: Where = { _id: { $in: [] } };
export const EVERYTHING: Where = {};

export interface EclContext {
  /** the set as a filter of the database */
  whereOf(ecl: Ecl): Promise<Where>;
  /** which of these codes are in the set; a code that the set names is in it even where there is no such concept */
  among(ecl: Ecl, codes: readonly string[]): Promise<string[]>;
  /** the codes of the set, up to a limit; what it names is in it as for `among` */
  codesIn(ecl: Ecl): Promise<string[]>;
  /** the codes of what meets it, up to the same limit */
  codesOf(where: Where): Promise<string[]>;
  /** takes parts of what meets it, one by one */
  each<K extends keyof ConceptDocument>(
    where: Where,
    fields: readonly K[],
    take: (document: Pick<ConceptDocument, K | '_id'>) => void,
  ): Promise<void>;
  below(code: string): Promise<Where>;
  aggregate<T extends object>(where: Where, stages: readonly object[]): Promise<T[]>;
  attributes: readonly { code: string; type: string }[];
  associations: readonly string[];
}

/** What stands in one condition; more is a query of many megabytes. */
const MOST_CODES = 200_000;

export function createEclContext(
  collection: Collection<ConceptDocument>,
  known: Pick<EclContext, 'attributes' | 'associations' | 'whereOf'>,
): EclContext {
  const context: EclContext = {
    ...known,
    async among(ecl, codes) {
      const wanted = new Set(codes);
      switch (ecl.is) {
        case 'any':
          return [...codes];
        case 'concept':
          return wanted.has(ecl.id) ? [ecl.id] : [];
        case 'or': {
          const parts = await Promise.all(ecl.of.map((part) => context.among(part, codes)));
          return [...new Set(parts.flat())];
        }
        case 'minus': {
          const without = new Set(await context.among(ecl.without, codes));
          return (await context.among(ecl.of, codes)).filter((code) => !without.has(code));
        }
        default:
          return context.codesOf(allOf([{ _id: { $in: [...codes] } }, await known.whereOf(ecl)]));
      }
    },
    async codesIn(ecl) {
      if (ecl.is === 'concept') return [ecl.id];
      if (ecl.is === 'or') return [...new Set((await Promise.all(ecl.of.map(context.codesIn))).flat())];
      return context.codesOf(await known.whereOf(ecl));
    },
    async codesOf(where) {
      const codes: string[] = [];
      await context.each(where, [], ({ _id }) => {
        codes.push(_id);
        refuseTooMany(codes);
      });
      return codes;
    },
    async each(where, fields, take) {
      const projection = Object.fromEntries(['_id', ...fields].map((field) => [field, 1]));
      const cursor = collection.find(where, { projection, batchSize: BATCH, ...LIMIT });
      try {
        // a promise for each document would cost more than the document
        while (await within(cursor.hasNext())) for (const document of cursor.readBufferedDocuments()) take(document);
      } finally {
        await cursor.close();
      }
    },
    below: (code) => strictlyBelow(code, collection),
    aggregate: (where, stages) =>
      within(
        collection
          .aggregate([{ $match: where }, ...stages], { allowDiskUse: true, ...LIMIT })
          .toArray() as Promise<never>,
      ),
  };
  return context;
}

const BATCH = 5000;
const LIMIT = { maxTimeMS: 20_000 };

export function refuseTooMany({ length }: readonly unknown[]): void {
  if (length <= MOST_CODES) return;
  const what = `A part of the ECL expression has more than ${MOST_CODES} concepts`;
  throw new FhirError('too-costly', `${what}: narrow it down, with AND before it is used`);
}

export const oneOf = (codes: readonly string[]): Where => ({ _id: { $in: [...codes] } });

const isEverything = (where: Where): boolean => Object.keys(where).length === 0;

export function allOf(conditions: readonly Where[]): Where {
  const some = conditions.filter((condition) => !isEverything(condition));
  return some.length === 0 ? EVERYTHING : some.length === 1 ? some[0]! : { $and: some };
}

export function anyOf(conditions: readonly Where[]): Where {
  if (conditions.some(isEverything)) return EVERYTHING;
  return conditions.length === 0 ? NOTHING : conditions.length === 1 ? conditions[0]! : { $or: [...conditions] };
}

export const noneOf = (conditions: readonly Where[]): Where => ({ $nor: [...conditions] });
