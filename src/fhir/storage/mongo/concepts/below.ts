// What is below a concept, itself left out.
import type { Collection, Filter } from 'mongodb';
import type { ConceptDocument } from './document.ts';
import { within } from './within.ts';

/** Told apart by its place, which the index of ancestors has: counting then needs nothing else. */
export async function strictlyBelow(
  code: string,
  collection: Collection<ConceptDocument>,
): Promise<Filter<ConceptDocument>> {
  const own = await within(collection.findOne({ _id: code }, { projection: { o: 1 } }));
  return own === null ? { a: code } : { a: code, o: { $ne: own.o } };
}
