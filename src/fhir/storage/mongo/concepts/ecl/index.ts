// Expressions of the SNOMED CT Expression Constraint Language as filters of the database.
import type { Collection } from 'mongodb';
import type { Ecl } from '../../../../model/ecl.ts';
import { FhirError } from '../../../../model/errors.ts';
import type { SystemHead } from '../../../concepts.ts';
import { type ConceptDocument, keys } from '../document.ts';
import { allOf, anyOf, createEclContext, type EclContext, EVERYTHING, noneOf, type Where } from './context.ts';
import { conceptsBy, containersOf, describedBy, membersLeadingTo, targetsIn, withHistory } from './criteria.ts';
import { related } from './hierarchy.ts';
import { refined, valuesOf } from './refine.ts';

export interface Constraint {
  text: string;
  ecl: Ecl;
}

/** Conditions that are kept: as many as hold so many codes. */
const MOST_KEPT_CODES = 500_000;

/**
 * The common forms become conditions that an index answers. What needs a set within a set (`< (^ X)`, a value of an attribute, a count)
 * asks the database for the codes of the inner one first; a loaded release never changes, so that this is done once.
 */
export function createConstraints(
  collection: Collection<ConceptDocument>,
  head: SystemHead,
): (constraint: Constraint) => Promise<Where> {
  const { relations } = head;
  const types = new Map(head.properties.map(({ code, type }) => [code, type]));
  const context: EclContext = createEclContext(collection, {
    whereOf: (ecl) => whereOf(ecl, context),
    attributes: (relations?.attributes ?? []).map((code) => ({ code, type: types.get(code) ?? 'code' })),
    associations: relations?.associations ?? [],
  });
  /** by the text, what was used last at the end */
  const kept = new Map<string, { where: Promise<Where>; size: number }>();
  let size = 0;

  function forget(text: string): void {
    size -= kept.get(text)?.size ?? 0;
    kept.delete(text);
  }

  return ({ text, ecl }) => {
    if (relations === undefined) {
      const asked = 'The Expression Constraint Language cannot be asked of';
      throw new FhirError('not-supported', `${asked} ${head.url}|${head.version}: load the release again`);
    }
    const known = kept.get(text);
    const where = known?.where ?? whereOf(ecl, context);
    kept.delete(text);
    kept.set(text, known ?? { where, size: 0 });
    if (known !== undefined) return where;
    where.then(
      (found) => {
        const entry = kept.get(text);
        if (entry?.where !== where) return;
        entry.size = sizeOf(found);
        size += entry.size;
        for (const oldest of kept.keys()) {
          if (size <= MOST_KEPT_CODES) break;
          forget(oldest);
        }
      },
      () => kept.get(text)?.where === where && kept.delete(text),
    );
    return where;
  };
}

/** How many values a condition holds. */
const sizeOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, one) => sum + sizeOf(one), 0)
    : 1;

async function whereOf(ecl: Ecl, context: EclContext): Promise<Where> {
  switch (ecl.is) {
    case 'concept':
      return { _id: ecl.id };
    case 'any':
      return EVERYTHING;
    case 'and':
      return allOf(await Promise.all(ecl.of.map(context.whereOf)));
    case 'or':
      return anyOf(await Promise.all(ecl.of.map(context.whereOf)));
    case 'minus':
      return allOf([await context.whereOf(ecl.of), noneOf([await context.whereOf(ecl.without)])]);
    case 'members':
      return membersOf(ecl, context);
    case 'containers':
      return containersOf(await context.whereOf(ecl.of), context);
    case 'refined':
      return refined(ecl.by, await context.whereOf(ecl.of), context);
    case 'values':
      return valuesOf(ecl.of, ecl.name, context);
    case 'filtered':
      return allOf([await context.whereOf(ecl.of), await conceptsBy(ecl.by, context)]);
    case 'described':
      return describedBy(ecl.by, await context.whereOf(ecl.of), context);
    case 'history':
      return withHistory(await context.whereOf(ecl.of), ecl.sets, context);
    default:
      return related(ecl.is, ecl.of, context);
  }
}

async function membersOf({ of, field, target }: Ecl & { is: 'members' }, context: EclContext): Promise<Where> {
  if (field === 'targets') return targetsIn(of, context);
  if (target !== undefined) return membersLeadingTo(of, target, context);
  if (of.is === 'any') return { k: /^\^/ };
  return { k: { $in: (await context.codesIn(of)).map(keys.memberOf) } };
}
