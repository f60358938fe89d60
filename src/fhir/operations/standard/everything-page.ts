// One page of $everything: the records, type by type in the order of search, then what they refer to, once each.
import type { Call, Engine } from '../../interactions/call.ts';
import { matches } from '../../model/matches.ts';
import type { Predicate } from '../../model/predicate.ts';
import { nameOf } from '../../model/references.ts';
import { parametersOf, patientsNamed, planCriteria } from '../../search/index.ts';
import { everyMatch } from '../../storage/every-match.ts';
import type { Match, Store } from '../../storage/store.ts';
import { damagedLink, type Position } from './everything-cursor.ts';
import { referencesIn } from './references-in.ts';
import { findByName, nameFrom } from './stored.ts';

/** Some of the subjects: as many as are walked together. */
export interface Chunk {
  ids: readonly string[];
  /** begins the chunk after this one; absent for the last */
  next?: string;
}

/** The records of a chunk's subjects. */
export interface Records {
  steps: readonly Step[];
  /** what belongs to other patients than these is not followed */
  patients: ReadonlySet<string>;
}

export interface Step {
  type: string;
  where: Predicate;
}

export interface Subjects {
  /** below the base: `Patient/1/$everything` */
  path: string;
  chunk(after: string | undefined): Promise<Chunk>;
  records(ids: readonly string[]): Promise<Records>;
}

export interface Asked {
  count: number;
  types: ReadonlySet<string> | undefined;
  /** types that only come where they are asked for */
  leftOut: ReadonlySet<string>;
  since: Predicate | undefined;
  dates: readonly string[];
}

/** Read together: most patients have nothing of most types. */
const MOST_TYPES_AT_ONCE = 8;
const SCAN = 1000;
/** A page ends early rather than hold more: binaries are of any size. */
const MOST_BYTES = 32 * 1024 * 1024;

export interface Deps {
  engine: Engine;
  call: Call;
  store: Store;
}

export interface Entry {
  match: Pick<Match, 'type' | 'id' | 'bytes'>;
  mode: 'match' | 'include';
}

export interface Page {
  entries: Entry[];
  next?: Position;
}

export async function readPage(deps: Deps, asked: Asked, subjects: Subjects, from: Position): Promise<Page> {
  const entries: Entry[] = [];
  let at: Position | undefined = from;
  let bytes = 0;
  while (at !== undefined && entries.length < asked.count && bytes < MOST_BYTES) {
    const records = await subjects.records(at.ids);
    const read: typeof readRecords = at.part === 'records' ? readRecords : readReferred;
    const part = await read(deps, asked, records, { at, limit: asked.count - entries.length });
    entries.push(...part.entries);
    bytes += part.entries.reduce((sum, { match }) => sum + match.bytes.length, 0);
    if (part.next !== undefined) at = { ...chunkOf(at), ...part.next };
    else at = at.next === undefined ? undefined : firstOf(await subjects.chunk(at.next));
  }
  return { entries, ...(at === undefined ? {} : { next: at }) };
}

const chunkOf = ({ ids, next }: Position): Pick<Position, 'ids' | 'next'> => ({
  ids,
  ...(next === undefined ? {} : { next }),
});
export const firstOf = ({ ids, next }: Chunk): Position => ({
  ids,
  part: 'records',
  ...(next === undefined ? {} : { next }),
});

interface Part {
  entries: Entry[];
  /** within the chunk; absent where it is through */
  next?: Pick<Position, 'part' | 'type' | 'after'>;
}

interface PartQuery {
  at: Position;
  limit: number;
}

/** The records themselves, from a type on until the page is full. */
async function readRecords(deps: Deps, asked: Asked, { steps }: Records, { at, limit }: PartQuery): Promise<Part> {
  const entries: Entry[] = [];
  const begin = at.type === undefined ? 0 : steps.findIndex(({ type }) => type === at.type);
  if (begin < 0) throw damagedLink();
  const left = steps.slice(begin);
  const wanted = left.filter(({ type }) => asked.types?.has(type) ?? !asked.leftOut.has(type));
  let after = wanted[0]?.type === at.type ? at.after : undefined;
  for (let index = 0, width = 1; index < wanted.length; ) {
    const some = wanted.slice(index, index + width);
    const pages = await Promise.all(
      some.map((step, place) =>
        deps.store.find({
          type: step.type,
          where: narrowed(deps.engine, step, asked, asked.since),
          sort: [],
          limit: limit - entries.length,
          total: 'none',
          ...(place === 0 && after !== undefined ? { after } : {}),
        }),
      ),
    );
    after = undefined;
    for (const [place, page] of pages.entries()) {
      const room = limit - entries.length;
      // read for nothing: the page is full, and this type begins the next one
      if (room === 0 || page.matches.length > room)
        return { entries, next: { part: 'records', type: some[place]!.type } };
      entries.push(...page.matches.map((match): Entry => ({ match, mode: 'match' })));
      if (page.next !== undefined)
        return { entries, next: { part: 'records', type: some[place]!.type, after: page.next } };
    }
    index += some.length;
    width = Math.min(width * 2, MOST_TYPES_AT_ONCE);
  }
  return { entries, next: { part: 'referred' } };
}

/** `start` and `end` speak of when care was given: of what has no such date, and of the patient, everything is meant. */
function narrowed({ definitions, settings, now }: Engine, step: Step, asked: Asked, since?: Predicate): Predicate {
  const of: Predicate[] = [step.where];
  const { mainDate } = parametersOf(definitions, step.type);
  if (asked.dates.length > 0 && mainDate !== undefined && step.type !== 'Patient') {
    const query = asked.dates.map((text) => [mainDate, text] as const);
    const within = planCriteria({ definitions, type: step.type, query, settings, now: now() }).where;
    of.push({ op: 'or', of: [within, { op: 'not', of: { op: 'exists', in: 'd', param: mainDate } }] });
  }
  if (since !== undefined) of.push(since);
  return of.length === 1 ? step.where : { op: 'and', of };
}

/**
 * What the records refer to, and what that refers to, in the order of names. It is found anew for every page that tells of it, by reading the
 * records once more: nearly always that is one page.
 */
async function readReferred(deps: Deps, asked: Asked, records: Records, { at, limit }: PartQuery): Promise<Part> {
  if (asked.types !== undefined && ![...asked.types].some(isReferredOnly(records))) return { entries: [] };
  const names = [...(await referredBy(deps, asked, records))]
    .filter((name) => at.after === undefined || name > at.after)
    .filter((name) => asked.types?.has(name.slice(0, name.indexOf('/'))) ?? true)
    .sort();
  const entries: Entry[] = [];
  let bytes = 0;
  let last: string | undefined;
  // a Binary may fill a page alone, so binaries are read one by one
  for (let index = 0; index < names.length && entries.length < limit && bytes < MOST_BYTES; ) {
    const isBinary = names[index]!.startsWith('Binary/');
    const some = names
      .slice(index, index + (isBinary ? 1 : limit - entries.length))
      .filter((name, place) => place === 0 || !name.startsWith('Binary/'));
    const found = await findByName(deps.store, some.map(nameFrom), asked.since);
    for (const match of found.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))) {
      entries.push({ match, mode: 'include' });
      bytes += match.bytes.length;
    }
    index += some.length;
    last = some.at(-1);
  }
  if (last === undefined || last === names.at(-1)) return { entries };
  return { entries, next: { part: 'referred', after: last } };
}

/** Resources of the records' own types that others refer to are nearly always among the records: not worth reading all for. */
const isReferredOnly =
  ({ steps }: Records) =>
  (type: string): boolean =>
    !steps.some((step) => step.type === type);

async function referredBy(deps: Deps, asked: Asked, records: Records): Promise<Set<string>> {
  const { engine, store, call } = deps;
  const steps = new Map(records.steps.map((step) => [step.type, step]));
  let level = new Set<string>();
  const collect = ({ bytes }: Pick<Match, 'bytes'>, into: Set<string>): void => {
    for (const name of referencesIn(bytes, call.base)) into.add(nameOf(name));
  };
  for (const step of records.steps) {
    const where = narrowed(engine, step, asked);
    for await (const match of everyMatch(store, { type: step.type, where, atOnce: SCAN })) collect(match, level);
  }
  const found = new Set<string>();
  const seen = new Set(level);
  while (level.size > 0) {
    const next = new Set<string>();
    const names = [...level].map(nameFrom).filter(({ type }) => engine.definitions.resourceTypes.includes(type));
    // what a Binary holds is not looked into
    for (const { type, id } of names) if (type === 'Binary') found.add(nameOf({ type, id }));
    for (const match of await findByName(
      store,
      names.filter(({ type }) => type !== 'Binary'),
    )) {
      if (!isOurs(match, steps, records.patients, engine)) continue;
      found.add(nameOf(match));
      collect(match, next);
    }
    level = new Set([...next].filter((name) => !seen.has(name)));
    for (const name of level) seen.add(name);
  }
  return found;
}

/** Neither among the records already, nor another patient's. */
function isOurs(
  match: Match,
  steps: ReadonlyMap<string, Step>,
  patients: ReadonlySet<string>,
  { definitions }: Engine,
): boolean {
  const { type, keys = [] } = match;
  const step = steps.get(type);
  const stored = { k: [...keys], t: [], s: [], d: [], q: [], sd: null };
  if (step !== undefined && matches(step.where, stored, match)) return false;
  const named = patientsNamed(definitions, type, keys);
  return named.length === 0 || named.some((id) => patients.has(id));
}
