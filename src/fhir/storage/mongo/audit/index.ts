// The audit log in MongoDB: a document for each block, and one for each chain that says how far it goes. Blocks are appended and, when
// their time is over, removed; nothing ever changes one. docs/adr/0022
import { type Db, type Filter, MongoServerError } from 'mongodb';
import type { AuditBlock, AuditHead, AuditLog, BlockQuery } from '../../audit-log.ts';
import { failureOf, isDuplicateKey, named } from '../failures.ts';

interface BlockDocument {
  /** chain and first place: two blocks of a chain never begin at the same */
  _id: string;
  last: number;
  from: number;
  until: number;
  tags: string[];
  frames: Buffer;
  hash: string;
}

interface HeadDocument extends Omit<AuditHead, 'chain'> {
  _id: string;
}

const MAJORITY = { w: 'majority' } as const;
const NAMESPACE_EXISTS = 48;
const SEARCH_MS = 30_000;
const BLOCKS_AT_ONCE = 16;

export function createAuditLog(db: Db): AuditLog {
  const blocks = db.collection<BlockDocument>('audit_log');
  const heads = db.collection<HeadDocument>('audit_heads', { writeConcern: MAJORITY });

  async function find(filter: Filter<BlockDocument>, sort: Record<string, 1 | -1>): Promise<AuditBlock | undefined> {
    const found = await blocks
      .find(filter, { projection: { tags: 0 } })
      .sort(sort)
      .limit(1)
      .next();
    return found === null ? undefined : blockOf(found);
  }

  /** A head never goes back, whoever writes last. */
  async function forward(chain: string, head: Pick<AuditHead, 'n' | 'hash' | 'key'>): Promise<void> {
    try {
      await heads.updateOne(
        { _id: chain, n: { $lt: head.n } },
        { $set: head, $setOnInsert: { linked: 0 } },
        { upsert: true },
      );
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  }

  async function append(
    { chain, first, last, from, until, tags, frames, hash }: AuditBlock,
    key: string,
  ): Promise<boolean> {
    const document = { _id: blockId(chain, first), last, from, until, tags: [...tags], frames, hash };
    try {
      await blocks.insertOne(document, { writeConcern: MAJORITY });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      // whoever put it there may have ended before the head knew
      const there = await blocks.findOne({ _id: document._id }, { projection: { last: 1, hash: 1 } });
      if (there !== null) await forward(chain, { n: there.last, hash: there.hash, key });
      return false;
    }
    await forward(chain, { n: last, hash, key });
    return true;
  }

  return {
    async prepare() {
      await createCollection(db, 'audit_log');
      await db
        .collection('audit_log')
        .createIndexes([{ key: { tags: 1, until: -1 } }, { key: { until: -1 } }, { key: { from: 1 } }]);
    },
    append: (block, key) => named(append(block, key)),
    async *blocks({ from, until, tags, newestFirst }: BlockQuery) {
      const parts: Filter<BlockDocument>[] = tags.map((some) => ({ tags: { $in: [...some] } }));
      if (from !== undefined) parts.push({ until: { $gte: from } });
      if (until !== undefined) parts.push({ from: { $lte: until } });
      const cursor = blocks.find(parts.length === 0 ? {} : { $and: parts }, {
        projection: { tags: 0 },
        sort: newestFirst ? { until: -1 } : { from: 1 },
        batchSize: BLOCKS_AT_ONCE,
        maxTimeMS: SEARCH_MS,
      });
      try {
        for await (const document of cursor) yield blockOf(document);
      } catch (error) {
        throw failureOf(error);
      }
    },
    async blockOf(chain, n) {
      const found = await find({ _id: { $lte: blockId(chain, n), $gte: blockId(chain, 0) } }, { _id: -1 });
      return found !== undefined && found.last >= n ? found : undefined;
    },
    async *chain(chain) {
      const cursor = blocks.find(
        { _id: { $gte: blockId(chain, 0), $lte: blockId(chain, LAST) } },
        { sort: { _id: 1 }, batchSize: BLOCKS_AT_ONCE },
      );
      for await (const document of cursor) yield blockOf(document);
    },
    async chains() {
      const found: string[] = [];
      // from each chain to the next by the index: there may be millions of blocks
      for (let after = ''; ; after = blockId(found.at(-1)!, LAST)) {
        const [next] = await blocks
          .find({ _id: { $gt: after } }, { projection: { _id: 1 }, sort: { _id: 1 }, limit: 1 })
          .toArray();
        if (next === undefined) return found;
        found.push(next._id.slice(0, next._id.indexOf('.')));
      }
    },
    heads: async () => (await heads.find().sort({ _id: 1 }).toArray()).map(headOf),
    async head(chain) {
      const found = await heads.findOne({ _id: chain });
      return found === null ? undefined : headOf(found);
    },
    async markLinked(places) {
      if (places.length === 0) return;
      await heads.bulkWrite(
        places.map(({ chain, n }) => ({ updateOne: { filter: { _id: chain }, update: { $max: { linked: n } } } })),
      );
    },
    async endedBefore(time) {
      const ended: AuditBlock[] = [];
      for (const { _id } of await heads.find({}, { projection: { _id: 1 } }).toArray()) {
        const within = { $gte: blockId(_id, 0), $lte: blockId(_id, LAST) };
        const [kept] = await blocks
          .find({ _id: within, until: { $gte: time } }, { projection: { _id: 1 }, sort: { _id: 1 }, limit: 1 })
          .toArray();
        const last = await find({ _id: kept === undefined ? within : { ...within, $lt: kept._id } }, { _id: -1 });
        if (last !== undefined) ended.push(last);
      }
      return ended;
    },
    async prune(chain, pruned) {
      // the mark first: what is missing is explained before it is missing
      await heads.updateOne({ _id: chain }, { $set: { pruned } });
      const range = { $gte: blockId(chain, 0), $lte: blockId(chain, pruned.n) };
      return (await blocks.deleteMany({ _id: range }, { writeConcern: MAJORITY })).deletedCount;
    },
  };
}

const LAST = 1e15 - 1;
const blockId = (chain: string, first: number): string => `${chain}.${String(first).padStart(15, '0')}`;

function blockOf({ _id, last, from, until, tags = [], frames, hash }: BlockDocument): AuditBlock {
  const dot = _id.indexOf('.');
  const bytes = Buffer.isBuffer(frames) ? frames : Buffer.from((frames as { buffer: Uint8Array }).buffer);
  return {
    chain: _id.slice(0, dot),
    first: Number(_id.slice(dot + 1)),
    last,
    from,
    until,
    tags,
    frames: bytes,
    hash,
  };
}

const headOf = ({ _id, ...rest }: HeadDocument): AuditHead => ({ chain: _id, ...rest });

async function createCollection(db: Db, name: string): Promise<void> {
  try {
    await db.createCollection(name, { storageEngine: { wiredTiger: { configString: 'block_compressor=zstd' } } });
  } catch (error) {
    if (!(error instanceof MongoServerError && error.code === NAMESPACE_EXISTS)) throw error;
  }
}
