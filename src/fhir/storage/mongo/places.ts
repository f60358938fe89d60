// Places that can be won once (a slot's places, a bed, a lot's stock): one small document each, changed by guarded updates. They
// live beside the resources, not in them, where a version-checked replace would wipe them.
import type { ClientSession, Db, Filter, UpdateFilter } from 'mongodb';
import type { Place } from '../store.ts';

export interface PlaceChange {
  kind: string;
  id: string;
  guard: Readonly<Record<string, unknown>>;
  update: Readonly<Record<string, unknown>>;
  insert?: Readonly<Record<string, unknown>>;
}

export interface Places {
  change(change: PlaceChange, session: ClientSession): Promise<Place | undefined>;
  read(kind: string, id: string, session: ClientSession): Promise<Place | undefined>;
  remove(kind: string, id: string, session: ClientSession): Promise<void>;
}

export function createPlaces(db: Db): Places {
  const collection = db.collection<Place>('places');
  const nameOf = (kind: string, id: string): string => `${kind}/${id}`;

  return {
    async change({ kind, id, guard, update, insert }, session) {
      const _id = nameOf(kind, id);
      const apply = async (): Promise<Place | undefined> =>
        (await collection.findOneAndUpdate({ ...guard, _id } as Filter<Place>, update as UpdateFilter<Place>, {
          session,
          returnDocument: 'after',
        })) ?? undefined;
      const changed = await apply();
      if (changed || !insert) return changed;
      const { upsertedCount } = await collection.updateOne(
        { _id },
        { $setOnInsert: insert },
        { session, upsert: true },
      );
      return upsertedCount === 1 ? apply() : undefined;
    },
    async read(kind, id, session) {
      return (await collection.findOne({ _id: nameOf(kind, id) }, { session })) ?? undefined;
    },
    async remove(kind, id, session) {
      await collection.deleteOne({ _id: nameOf(kind, id) }, { session });
    },
  };
}
