// Writes records down before their answers go out, and carries them to the database afterwards. All records of one turn of the event
// loop are one frame, one hash and one write to a local file, which a kill of the process does not undo; about once a second the file's
// new frames become a block in the database. docs/adr/0022
import { ABANDONED_MS, openSpool } from '../../platform/spool/spool.ts';
import type { AuditLog } from '../storage/audit-log.ts';
import { foundBy, summaryIn } from './block.ts';
import { createCarrier } from './carrier.ts';
import { firstHash, hashOf, newChainId, sealLine } from './chain.ts';
import { createNeighbours } from './neighbours.ts';
import type { NewRecord } from './record.ts';
import { extend, type Pending, type Segment } from './segments.ts';

export interface JournalDeps {
  log: AuditLog;
  /** of the spool */
  folder: string;
  key: Buffer;
  now: () => number;
  /** when an answer may go out: when the system has the record, or when the disk has it */
  sync: 'interval' | 'always';
  logger: {
    error(message: string, fields?: Record<string, unknown>): void;
    warn(message: string, fields?: Record<string, unknown>): void;
    info(message: string, fields?: Record<string, unknown>): void;
  };
}

export interface Journal {
  readonly chain: string;
  /** settles when the records are written down; rejects where they cannot be */
  write(records: readonly NewRecord[]): Promise<void>;
  /** all that is written down is in the database */
  carry(): Promise<void>;
  close(): Promise<void>;
}

const CARRY_MS = 1000;
const SYNC_MS = 1000;
const BEAT_MS = ABANDONED_MS / 4;
const LINK_MS = 3_600_000;
/** so much is carried at once even before the second is over */
const CARRY_BYTES = 512 * 1024;
/** a large transaction is several frames, so that a block stays far from the limit of a document */
const FRAME_RECORDS = 1000;
/** when so much of the file is carried it is begun anew */
const FILE_BYTES = 8 * 1024 * 1024;

export async function openJournal(deps: JournalDeps): Promise<Journal> {
  const { folder, key, now, sync, logger } = deps;
  const chain = newChainId(now());
  const carrier = createCarrier(deps);
  const neighbours = createNeighbours(chain, deps);
  const spool = openSpool(folder, chain);

  /** places given out, and written down */
  let count = 0;
  let last = 0;
  let hash = firstHash(key, chain);
  let lines = '';
  /** of the lines */
  let pending: Pending[] = [];
  /** written down, and not yet in the database */
  const segments: Segment[] = [];
  let waiting: PromiseWithResolvers<void> | undefined;
  let isSyncing = false;
  let isDirty = false;
  /** what was carried, and what of it is no longer in the file: positions */
  let carried = 0;
  let forgotten = 0;
  let carrying: Promise<void> | undefined;
  let isLate = false;
  let closed = false;

  function write(records: readonly NewRecord[]): Promise<void> {
    if (closed) return Promise.reject(new Error('The audit log is closed'));
    const written: Promise<void>[] = [];
    for (let start = 0; start < records.length; start += FRAME_RECORDS) {
      if (start > 0) flush();
      written.push(add(records.slice(start, start + FRAME_RECORDS)));
    }
    return written.length === 1 ? written[0]! : Promise.all(written).then(() => undefined);
  }

  function add(records: readonly NewRecord[]): Promise<void> {
    const at = now();
    for (const record of records) {
      lines += `{"n":${++count},"at":${at},${JSON.stringify(record).slice(1)}\n`;
      pending.push({ record, at });
    }
    if (waiting === undefined) {
      waiting = withResolvers();
      // with sync always, the next frame is what came while the disk was busy with the one before
      if (!isSyncing) setImmediate(flush);
    }
    return waiting.promise;
  }

  function flush(): void {
    const batch = waiting;
    if (batch === undefined) return;
    const [frame, records] = [lines, pending];
    const next = hashOf(key, hash, frame);
    waiting = undefined;
    lines = '';
    pending = [];
    const begin = spool.size();
    try {
      spool.append(frame + sealLine(count, next));
    } catch (error) {
      // places that were given out stay free: nothing may be missing in a chain
      count = last;
      logger.error('the audit log cannot be written', { error: String(error) });
      batch.reject(error);
      return;
    }
    extend(segments, { first: last + 1, last: count, hash: next, begin, end: spool.size() }, records);
    hash = next;
    last = count;
    isDirty = true;
    if (carrying === undefined && spool.size() - carried > CARRY_BYTES) void carryOn();
    if (sync === 'interval') batch.resolve();
    else syncNow().then(batch.resolve, batch.reject);
  }

  async function syncNow(): Promise<void> {
    isSyncing = true;
    isDirty = false;
    try {
      await spool.sync();
    } finally {
      isSyncing = false;
      if (waiting !== undefined) setImmediate(flush);
    }
  }

  function carry(): Promise<void> {
    flush();
    const end = spool.size();
    if (carrying === undefined) {
      carrying = carryFile().finally(() => {
        carrying = undefined;
      });
      return carrying;
    }
    // what is in work may have begun before the last frame
    return carrying.catch(() => undefined).then(() => (carried < end ? carry() : undefined));
  }

  /** What there is by now. What comes meanwhile waits: under load there would be a block for every few records. */
  async function carryFile(): Promise<void> {
    const until = spool.size();
    for (let segment = segments[0]; segment !== undefined && segment.begin < until; segment = segments[0]) {
      segment.isClosed = true;
      const frames = spool.read(carried, segment.end - carried);
      const { first, last: end, hash: sealed, summary: found = summaryIn(frames) } = segment;
      await carrier.append({ chain, first, last: end, hash: sealed, ...foundBy(found), frames });
      segments.shift();
      carried = segment.end;
    }
    if (carried - forgotten > FILE_BYTES) forget();
  }

  function forget(): void {
    spool.forget(carried);
    forgotten = carried;
  }

  /** In the background: what comes meanwhile waits for the next time. */
  async function carryOn(): Promise<void> {
    try {
      await carry();
      if (isLate) logger.info('the audit log is carried to the database again');
      isLate = false;
    } catch (error) {
      if (!isLate)
        logger.warn('the audit log waits in its file: the database does not take it', { error: String(error) });
      isLate = true;
    }
  }

  function beat(): void {
    if (spool.beat()) return;
    // a process that could not see this one has taken its file over: what comes now needs another
    carryOn().then(forget).catch(logFailure('the audit log has no file'));
  }

  const logFailure =
    (what: string) =>
    (error: unknown): void =>
      logger.error(what, { error: String(error) });

  const timers = [
    setInterval(() => void carryOn(), CARRY_MS),
    setInterval(() => {
      if (isDirty && !isSyncing) syncNow().catch(logFailure('the audit log cannot be synced'));
    }, SYNC_MS),
    setInterval(beat, BEAT_MS),
    setInterval(() => void neighbours.adopt(), ABANDONED_MS),
    setInterval(() => {
      neighbours.link('link', write).catch(logFailure('chains of the audit log could not be noted'));
    }, LINK_MS),
  ];
  for (const timer of timers) timer.unref();

  await neighbours.adopt();
  await neighbours.link('start', write);

  return {
    chain,
    write,
    carry,
    async close() {
      for (const timer of timers) clearInterval(timer);
      await write([{ kind: 'log', code: 'end', status: 200, address: '' }]).catch(() => undefined);
      closed = true;
      await carryOn();
      await spool.sync();
      spool.close(carried === spool.size());
    },
  };
}

interface PromiseWithResolvers<T> {
  promise: Promise<T>;
  resolve(value: T | PromiseLike<T>): void;
  reject(reason: unknown): void;
}

function withResolvers(): PromiseWithResolvers<void> {
  let resolve!: PromiseWithResolvers<void>['resolve'];
  let reject!: PromiseWithResolvers<void>['reject'];
  const promise = new Promise<void>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}
