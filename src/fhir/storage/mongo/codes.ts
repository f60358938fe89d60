// The codes in use: which codes a parameter of a type has, of which systems, and by what texts. Thousands stand for millions of resources, so
// what would cost index entries in every resource (the system alone, the words of a display) costs nothing here: it is looked up as codes,
// and the search goes on by their keys. An entry is written before the first resource that has it is visible and stays when the last is gone:
// a search may ask for a code in vain, but misses none. docs/adr/0013
import { createHash } from 'node:crypto';
import type { Db, Filter } from 'mongodb';
import type { CodeInUse } from '../../model/keys.ts';

interface CodeDocument {
  _id: string;
  /** `<type>|<key>` */
  k: string;
  /** the token of `t` that goes with the key */
  t: string;
  /** `<type>.<parameter>`, with the system and with each word of the text */
  p: string;
  g: string;
  w: string[];
  /** `<type>`, with each word of the text */
  y: string;
}

export interface Codes {
  prepare(): Promise<void>;
  /** undefined where all are known already, which is nearly always */
  ensure(type: string, codes: readonly CodeInUse[]): Promise<void> | undefined;
  /** nothing is taken as known any more: what is extracted again is written again, whatever became of the collection */
  rebuild(): Promise<void>;
  /** the keys of `k` by which all that meet it are found; undefined where they are more than `limit` */
  keysOf(
    type: string,
    param: string,
    by: { tag?: string; text?: string },
    limit: number,
  ): Promise<string[] | undefined>;
  /** the same of any parameter: those with a word in one of their texts */
  keysWith(type: string, word: string, isBeginning: boolean, limit: number): Promise<string[] | undefined>;
  /** the tokens that occur with each key; a key that is no code is not among them */
  tokensOf(type: string, keys: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<string>>>;
}

/** about 20 MB; beyond it, what is known is written again */
const MOST_KNOWN = 200_000;

export function createCodes(db: Db): Codes {
  const collection = db.collection<CodeDocument>('codes', { writeConcern: { w: 'majority' } });
  const known = new Set<string>();

  async function record(documents: readonly CodeDocument[]): Promise<void> {
    await collection.bulkWrite(
      documents.map(({ _id, ...fields }) => ({
        updateOne: { filter: { _id }, update: { $setOnInsert: fields }, upsert: true },
      })),
      { ordered: false, writeConcern: { w: 'majority' } },
    );
    if (known.size > MOST_KNOWN) known.clear();
    for (const { _id } of documents) known.add(_id);
  }

  async function distinctKeys(
    type: string,
    filter: Filter<CodeDocument>,
    limit: number,
  ): Promise<string[] | undefined> {
    const keys = new Set<string>();
    for await (const { k } of collection.find(filter, { projection: { _id: 0, k: 1 } })) {
      keys.add(k.slice(type.length + 1));
      if (keys.size > limit) return undefined;
    }
    return [...keys];
  }

  async function prepare(): Promise<void> {
    await collection.createIndexes([
      { key: { k: 1 } },
      { key: { p: 1, g: 1 } },
      { key: { p: 1, w: 1 } },
      { key: { y: 1, w: 1 } },
    ]);
  }

  return {
    prepare,
    async rebuild() {
      known.clear();
      await prepare();
    },
    ensure(type, codes) {
      let unknown: Map<string, CodeDocument> | undefined;
      for (const code of codes) {
        const id = idOf(type, code);
        if (known.has(id)) continue;
        unknown ??= new Map();
        unknown.set(id, documentOf(id, type, code));
      }
      return unknown && record([...unknown.values()]);
    },
    async keysOf(type, param, { tag, text }, limit) {
      const words = text?.split(' ') ?? [];
      const filter = {
        p: `${type}.${param}`,
        ...(tag !== undefined && { g: tag }),
        ...(words.length > 0 && {
          $and: words.map((word, index) => ({ w: wordFilter(word, index === words.length - 1) })),
        }),
      };
      return distinctKeys(type, filter, limit);
    },
    keysWith: (type, word, isBeginning, limit) =>
      distinctKeys(type, { y: type, w: wordFilter(word, isBeginning) }, limit),
    async tokensOf(type, keys) {
      const tokens = new Map<string, Set<string>>();
      const filter = { k: { $in: keys.map((key) => `${type}|${key}`) } };
      for await (const { k, t } of collection.find(filter, { projection: { _id: 0, k: 1, t: 1 } })) {
        const key = k.slice(type.length + 1);
        tokens.set(key, (tokens.get(key) ?? new Set()).add(t));
      }
      return tokens;
    },
  };
}

/** The last word may be only the beginning of one. */
const wordFilter = (word: string, isLast: boolean) =>
  isLast ? { $elemMatch: { $gte: word, $lt: `${word}\uffff` } } : word;

/** Short texts stand for themselves; ids have a limit, texts have none. */
const idOf = (type: string, { token, text }: CodeInUse): string => {
  const id = `${type}|${token}|${text}`;
  return id.length <= 200 ? id : createHash('sha256').update(id).digest('base64url');
};

const documentOf = (_id: string, type: string, { key, token, tag, text }: CodeInUse): CodeDocument => ({
  _id,
  k: `${type}|${key}`,
  t: token,
  p: `${type}.${key.slice(0, key.indexOf('|'))}`,
  g: tag,
  w: text === '' ? [] : [...new Set(text.split(' '))],
  y: type,
});
