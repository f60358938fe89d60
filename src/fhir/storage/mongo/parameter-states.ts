// The search parameters added at run time, as all server processes of a database share them: which there are, whose keys are complete, and
// which process has heard of what. docs/adr/0015-search-parameters-at-run-time.md says why.
import type { Db } from 'mongodb';
import type { SlimParameter } from '../../definitions/slim.ts';
import { isDuplicateKey } from './failures.ts';
import { LEASE_MS } from './worker-lease.ts';

/**
 * - `indexing`: every process makes its keys, stored resources may lack them, none is searched by it
 * - `live`: complete
 * - `retiring`: not searched by any more; its keys are made until every process has heard of it, so that none that still searches by it
 *   misses what is written meanwhile. Then it is gone, or `next` takes its place.
 */
export type ParameterPhase = 'indexing' | 'live' | 'retiring';

export interface ParameterState {
  url: string;
  phase: ParameterPhase;
  /** the revision of its last change: it is changed only by who knows it */
  since: number;
  parameter: SlimParameter;
  next?: SlimParameter;
  /** resources whose keys were looked at, of those there are */
  progress: { done: number; all: number };
}

export interface Revision {
  /** rises after every change */
  revision: number;
  /** every process has heard of this one, and writes with older keys are over */
  settled: number;
}

export interface ParameterStates {
  /** makes what there must be */
  prepare(): Promise<void>;
  revision(): Promise<Revision>;
  /** in the order that all processes keep to */
  list(): Promise<ParameterState[]>;
  find(url: string): Promise<ParameterState | undefined>;
  /** false where another process was faster */
  add(url: string, parameter: SlimParameter): Promise<boolean>;
  change(
    state: ParameterState,
    to: Pick<ParameterState, 'phase' | 'parameter'> & { next?: SlimParameter },
  ): Promise<boolean>;
  drop(state: ParameterState): Promise<boolean>;
  /** of those that are being indexed; no change of revision */
  report(urls: readonly string[], progress: ParameterState['progress']): Promise<void>;
  acknowledge(revision: number): Promise<void>;
  isHeardByAll(revision: number): Promise<boolean>;
  settle(revision: number): Promise<void>;
  /** one process at a time works on what is to be done; it says so again before the time is over */
  claimWork(): Promise<boolean>;
  releaseWork(): Promise<void>;
}

interface StateDocument {
  _id: string;
  phase: ParameterPhase;
  since: number;
  /** JSON as text: names with dots and dollars may be in it */
  parameter: string;
  next?: string;
  done: number;
  all: number;
}

interface RevisionDocument {
  _id: string;
  revision: number;
  settled: number;
  worker?: number;
  until?: Date;
}

/** no URL */
const REVISION = 'revision';
const WORK_MS = 5_000;
/** a process beats every 15 s, and trusts what it knows for 20 s (key-view.ts) */
const SILENT_MS = 30_000;

export function createParameterStates(db: Db, workerId: number): ParameterStates {
  const states = db.collection<StateDocument>('parameters', { writeConcern: { w: 'majority' } });
  const revisions = db.collection<RevisionDocument>('parameters', { writeConcern: { w: 'majority' } });
  const workers = db.collection<{ _id: number; until: Date; heard?: number }>('workers', {
    writeConcern: { w: 'majority' },
  });

  async function rise(): Promise<number> {
    const document = await revisions.findOneAndUpdate(
      { _id: REVISION },
      { $inc: { revision: 1 } },
      { returnDocument: 'after' },
    );
    return document!.revision;
  }

  /** The number first, so that the change can carry it; and once more after it, so that who read in between reads again. */
  async function changing(work: (since: number) => Promise<boolean>): Promise<boolean> {
    const done = await work(await rise());
    await rise();
    return done;
  }

  return {
    async prepare() {
      const first = { $setOnInsert: { revision: 0, settled: 0 } };
      await revisions.updateOne({ _id: REVISION }, first, { upsert: true }).catch((error: unknown) => {
        if (!isDuplicateKey(error)) throw error;
      });
    },
    async revision() {
      const { revision, settled } = (await revisions.findOne({ _id: REVISION }))!;
      return { revision, settled };
    },
    async list() {
      return (await states.find({ _id: { $ne: REVISION } }, { sort: { _id: 1 } }).toArray()).map(stateOf);
    },
    async find(url) {
      const document = await states.findOne({ _id: url });
      return document ? stateOf(document) : undefined;
    },
    add: (url, parameter) =>
      changing(async (since) => {
        try {
          await states.insertOne({
            _id: url,
            phase: 'indexing',
            since,
            parameter: JSON.stringify(parameter),
            done: 0,
            all: 0,
          });
          return true;
        } catch (error) {
          if (isDuplicateKey(error)) return false;
          throw error;
        }
      }),
    change: ({ url, since: known }, { phase, parameter, next }) =>
      changing(async (since) => {
        const { matchedCount } = await states.replaceOne(
          { _id: url, since: known },
          {
            phase,
            since,
            parameter: JSON.stringify(parameter),
            ...(next && { next: JSON.stringify(next) }),
            done: 0,
            all: 0,
          },
        );
        return matchedCount === 1;
      }),
    drop: ({ url, since }) => changing(async () => (await states.deleteOne({ _id: url, since })).deletedCount === 1),
    async report(urls, { done, all }) {
      await states.updateMany({ _id: { $in: [...urls] }, phase: 'indexing' }, { $set: { done, all } });
    },
    async acknowledge(revision) {
      await workers.updateOne({ _id: workerId }, { $max: { heard: revision } });
    },
    async isHeardByAll(revision) {
      const beatAt = { $subtract: ['$until', LEASE_MS] };
      const isAlive = { $gt: [beatAt, { $subtract: ['$$NOW', SILENT_MS] }] };
      const isBehind = { $lt: [{ $ifNull: ['$heard', -1] }, revision] };
      return (await workers.findOne({ $expr: { $and: [isAlive, isBehind] } })) === null;
    },
    async settle(revision) {
      await revisions.updateOne({ _id: REVISION }, { $max: { settled: revision } });
    },
    async claimWork() {
      const until = { $add: ['$$NOW', WORK_MS] };
      const isFree = {
        $or: [{ $eq: ['$worker', workerId] }, { $lt: [{ $ifNull: ['$until', new Date(0)] }, '$$NOW'] }],
      };
      const { matchedCount } = await revisions.updateOne({ _id: REVISION, $expr: isFree }, [
        { $set: { worker: workerId, until } },
      ]);
      return matchedCount === 1;
    },
    async releaseWork() {
      await revisions.updateOne({ _id: REVISION, worker: workerId }, [{ $set: { until: '$$NOW' } }]);
    },
  };
}

function stateOf({ _id: url, phase, since, parameter, next, done, all }: StateDocument): ParameterState {
  return {
    url,
    phase,
    since,
    parameter: JSON.parse(parameter) as SlimParameter,
    ...(next === undefined ? {} : { next: JSON.parse(next) as SlimParameter }),
    progress: { done, all },
  };
}
