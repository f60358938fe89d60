// Whether one resource is within reach: asked of its keys in memory, and of the database only where a policy speaks of what it refers to.
import { parseJson } from '../../model/json.ts';
import type { KeyExtractor, SearchKeys } from '../../model/keys.ts';
import { matches } from '../../model/matches.ts';
import type { Predicate } from '../../model/predicate.ts';
import type { Resource } from '../../model/resource.ts';
import type { Store } from '../../storage/store.ts';
import { isLocal } from './predicates.ts';
import type { Reach, Way } from './reach.ts';

/** One version of a resource; its keys are made from its content where they are not given. */
export interface Subject {
  type: string;
  /** empty: not chosen yet */
  id: string;
  lastUpdated: number;
  bytes?: Buffer | null;
  resource?: Resource;
  /** exact keys and tokens, as stored beside it */
  keys?: readonly string[];
  tokens?: readonly string[];
}

export interface JudgeDeps {
  extractor: Pick<KeyExtractor, 'extract'>;
  /** below every restriction */
  store: Pick<Store, 'find'>;
}

/** The ways by which it is within reach; none where it is not. */
export async function waysTo(reach: Reach, subject: Subject, deps: JudgeDeps): Promise<readonly Way[]> {
  const quick = quickWaysTo(reach, subject);
  if (quick) return quick;
  const keys = keysOf(subject, deps);
  const found: Way[] = [];
  for (const way of reach.ways) if (await meets(way.where, subject, keys, deps)) found.push(way);
  return found;
}

/** The same where the keys that are stored beside it are enough; undefined where they are not. */
export function quickWaysTo(reach: Reach, subject: Subject): readonly Way[] | undefined {
  if (reach.isNothing || reach.isOpen) return reach.ways;
  const { keys: k, tokens: t } = subject;
  if (!k || !t || !reach.isExact) return undefined;
  const keys = { k, t, s: [], d: [], q: [], sd: null } as unknown as SearchKeys;
  return reach.ways.filter(({ where }) => matches(where, keys, subject));
}

export function keysOf({ id, bytes, resource }: Subject, { extractor }: Pick<JudgeDeps, 'extractor'>): SearchKeys {
  const content = resource ?? (parseJson(bytes!) as Resource);
  return extractor.extract(content.id === id || id === '' ? content : { ...content, id });
}

async function meets(where: Predicate, subject: Subject, keys: SearchKeys, deps: JudgeDeps): Promise<boolean> {
  if (isLocal(where)) return matches(where, keys, subject);
  switch (where.op) {
    case 'and':
      // what needs no question first
      for (const part of [...where.of].sort((a, b) => Number(isLocal(b)) - Number(isLocal(a))))
        if (!(await meets(part, subject, keys, deps))) return false;
      return true;
    case 'or':
      for (const part of [...where.of].sort((a, b) => Number(isLocal(b)) - Number(isLocal(a))))
        if (await meets(part, subject, keys, deps)) return true;
      return false;
    case 'not':
      return !(await meets(where.of, subject, keys, deps));
    case 'linked': {
      for (const type of where.types) {
        const prefix = `${where.param}|${type}/`;
        const ids = keys.k.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
        if (ids.length > 0 && (await isAny(type, { op: 'and', of: [{ op: 'ids', ids }, where.where] }, deps)))
          return true;
      }
      for (const { marker, where: within } of where.contained ?? []) {
        if (keys.k.includes(marker) && (await meets(within, subject, keys, deps))) return true;
      }
      return false;
    }
    case 'linkedFrom': {
      const key = `${where.param}|${subject.type}/${subject.id}`;
      return isAny(where.type, { op: 'and', of: [{ op: 'equals', key }, where.where] }, deps);
    }
    default:
      return matches(where, keys, subject);
  }
}

async function isAny(type: string, where: Predicate, { store }: JudgeDeps): Promise<boolean> {
  const { matches: found } = await store.find({ type, where, sort: [], limit: 1, total: 'none', leaveBytes: true });
  return found.length > 0;
}
