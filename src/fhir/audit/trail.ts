// Watches a call, and the entries of a batch, for what is to be written down: how it ended, whose data was shown, what was changed.
import type { ActedOn, Answer, Call, Target, Trail } from '../interactions/call.ts';
import { FhirError } from '../model/errors.ts';
import { stringifyJson } from '../model/json.ts';
import type { Store, Transaction, Written } from '../storage/store.ts';
import { addPatientsIn } from './patients.ts';

/** One version that was written. */
export interface Wrote {
  type: string;
  id: string;
  version: number;
  kind: 'create' | 'update' | 'patch' | 'delete';
  patients: readonly string[];
}

/** What a trail has found out. */
export interface Traced {
  /** of references that are our own */
  base: Buffer;
  call?: Pick<Call, 'target' | 'method' | 'query' | 'headers'>;
  status: number;
  refusal?: string;
  version?: number;
  /** `Type/id/_history/n` */
  location?: string;
  patients: Set<string>;
  wrote: Wrote[];
  about: ActedOn[];
  entries: Map<number, Traced>;
}

export interface OpenTrail extends Trail {
  traced: Traced;
}

export function openTrail(base: Buffer): OpenTrail {
  const traced: Traced = { base, status: 0, patients: new Set(), wrote: [], about: [], entries: new Map() };
  const see = (bytes: Buffer): void => addPatientsIn(bytes, base, traced.patients);
  return {
    traced,
    async follow(call, run) {
      const { target, method, query, headers } = call;
      traced.call = { target, method, query, headers };
      try {
        const answer = await run(watched(call, traced, { base, see }));
        ended(traced, answer, target, see);
        return answer;
      } catch (error) {
        const { status, kind } = error instanceof FhirError ? error : { status: 500, kind: 'exception' };
        traced.status = status;
        traced.refusal = kind;
        // a transaction that failed did nothing of what it was to do
        traced.entries.clear();
        throw error;
      }
    },
    entry(index) {
      const own = openTrail(base);
      // a transaction that is tried again has its entries anew
      traced.entries.set(index, own.traced);
      return own;
    },
  };
}

function ended(traced: Traced, answer: Answer, target: Target, see: (bytes: Buffer) => void): void {
  const { status, version, location, body } = answer;
  traced.status = status;
  if (version !== undefined) traced.version = version;
  if (location !== undefined) traced.location = location;
  // the entries of a Bundle have trails of their own
  if (body === undefined || target.kind === 'bundle' || status >= 400) return;
  see(Buffer.isBuffer(body) ? body : Buffer.from(stringifyJson(body)));
}

interface Eyes {
  base: Buffer;
  see(bytes: Buffer): void;
}

/** The call with a store that tells what is read and written, where the answer alone does not. */
function watched(call: Call, traced: Traced, eyes: Eyes): Call {
  const { target, method, query, headers } = call;
  const isOfMeta = target.kind === 'operation' && target.code === 'meta';
  const isRead = method === 'GET' || method === 'HEAD' || target.kind.startsWith('search') || isOfMeta;
  const isPartial =
    isOfMeta ||
    query.some(([name]) => name === '_elements' || name === '_summary') ||
    headers['if-none-match'] !== undefined ||
    headers['if-modified-since'] !== undefined;
  if (isRead && !isPartial) return call;
  return {
    ...call,
    about: (acted) => void traced.about.push(acted),
    store: isRead ? readWatched(call.store, eyes) : writeWatched(call.store, traced, eyes),
  };
}

function readWatched(store: Store, { see }: Eyes): Store {
  const seen = <Found extends { bytes: Buffer | null } | undefined>(found: Found): Found => {
    if (found?.bytes) see(found.bytes);
    return found;
  };
  const seenIn = <Page extends { matches: readonly { bytes: Buffer }[] }>(page: Page): Page => {
    for (const { bytes } of page.matches) see(bytes);
    return page;
  };
  return {
    ...store,
    read: async (...asked) => seen(await store.read(...asked)),
    readMany: async (...asked) => (await store.readMany(...asked)).map(seen),
    vread: async (...asked) => seen(await store.vread(...asked)),
    find: async (query) => seenIn(await store.find(query)),
    findAcross: async (query) => seenIn(await store.findAcross(query)),
    distinct: async (query) => (await store.distinct(query)).map(seen),
    async history(query) {
      const page = await store.history(query);
      for (const version of page.versions) seen(version);
      return page;
    },
  };
}

function writeWatched(store: Store, traced: Traced, { base }: Eyes): Store {
  const wrote = (written: Written): Wrote[] => {
    const { type, id, version, created, changed, method, bytes } = written;
    if (!changed) return [];
    const patients = new Set<string>();
    if (bytes !== null) addPatientsIn(bytes, base, patients);
    const kind = bytes === null ? 'delete' : created ? 'create' : method === 'PATCH' ? 'patch' : 'update';
    return [{ type, id, version, kind, patients: [...patients] }];
  };
  return {
    ...store,
    async write(change) {
      const written = await store.write(change);
      traced.wrote.push(...wrote(written));
      return written;
    },
    async transaction(work, options) {
      let done: Wrote[] = [];
      const result = await store.transaction((tx) => {
        done = [];
        const watchedTx: Transaction = {
          ...tx,
          async write(writes) {
            const written = await tx.write(writes);
            done.push(...written.flatMap(wrote));
            return written;
          },
        };
        return work(watchedTx);
      }, options);
      traced.wrote.push(...done);
      return result;
    },
  };
}
