// $everything of patients, an encounter or a group: the records, type by type in the order of search, then what they refer to, once each.
// A page costs one command for each type it touches, and nothing is kept on the server between pages: the cursor says where the next begins.
// https://hl7.org/fhir/R4/patient-operation-everything.html
import type { Call, Engine } from '../../interactions/call.ts';
import { subsetOf } from '../../interactions/subset.ts';
import { type BundleEntryParts, writeBundle } from '../../interactions/write-bundle.ts';
import { FhirError } from '../../model/errors.ts';
import { stringifyJson } from '../../model/json.ts';
import type { Predicate } from '../../model/predicate.ts';
import { nameOf } from '../../model/references.ts';
import { planCriteria } from '../../search/index.ts';
import type { Store } from '../../storage/store.ts';
import { answerWith, type OperationAnswer } from '../operation.ts';
import { type Position, readCursor, writeCursor } from './everything-cursor.ts';
import { type Asked, type Entry, firstOf, readPage, type Subjects } from './everything-page.ts';

export interface EverythingInput {
  start?: string;
  end?: string;
  _since?: string;
  _type?: string[];
  _count?: number;
}

export async function answerEverything<Output>(
  { engine, call, store }: { engine: Engine; call: Call; store: Store },
  input: EverythingInput,
  subjects: Subjects,
): Promise<OperationAnswer<Output>> {
  const asked = readAsked(engine, input, call);
  const cursor = call.query.find(([name]) => name === '_cursor')?.[1];
  const position = cursor === undefined ? firstOf(await subjects.chunk(undefined)) : readCursor(cursor);
  const page = await readPage({ engine, call, store }, asked, subjects, position);
  const links = linksOf(call, subjects.path, { input, count: asked.count, cursor, next: page.next });
  const isWhole = cursor === undefined && page.next === undefined;
  const body = writeBundle({
    type: 'searchset',
    lastUpdated: engine.now(),
    ...(isWhole && { total: page.entries.filter(({ mode }) => mode === 'match').length }),
    links,
    entries: page.entries.map((entry) => entryOf(engine, call, entry)),
  });
  return answerWith({ status: 200, body });
}

function readAsked({ definitions, settings, now }: Engine, input: EverythingInput, call: Call): Asked {
  const { start, end, _since: since, _type: named = [], _count: count = settings.maxPageSize } = input;
  if (count < 1) throw new FhirError('value', '_count must be at least 1', { expression: '_count' });
  const types = named.flatMap((list) => list.split(',')).map((type) => type.trim());
  for (const type of types) {
    if (!definitions.resourceTypes.includes(type))
      throw new FhirError('value', `There is no resource type '${type}'`, { expression: '_type' });
  }
  const changed = (text: string): Predicate =>
    planCriteria({ definitions, type: 'Patient', query: [['_lastUpdated', `ge${text}`]], settings, now: now() }).where;
  return {
    count: Math.min(count, settings.maxPageSize),
    types: types.length === 0 ? undefined : new Set(types),
    // who looked at the record, where that is recorded, is not the record
    leftOut: new Set(call.trail === undefined ? [] : ['AuditEvent']),
    since: since === undefined ? undefined : changed(since),
    dates: [...(start === undefined ? [] : [`ge${start}`]), ...(end === undefined ? [] : [`le${end}`])],
  };
}

function entryOf({ definitions }: Engine, call: Call, { match, mode }: Entry): BundleEntryParts {
  const shown = subsetOf(definitions, call.query, match.bytes);
  return {
    fullUrl: `${call.base}/${nameOf(match)}`,
    resource: Buffer.isBuffer(shown) ? shown : Buffer.from(stringifyJson(shown)),
    rest: { search: { mode } },
  };
}

interface LinkParts {
  input: EverythingInput;
  count: number;
  cursor: string | undefined;
  next: Position | undefined;
}

function linksOf({ base, query }: Call, path: string, { input, count, cursor, next }: LinkParts) {
  const { _type: types, start, end, _since: since } = input;
  const shaping = query.filter(([name]) => name === '_summary' || name === '_elements' || name === '_format');
  const pairs = Object.entries({ start, end, _since: since, _type: types?.join(',') })
    .filter((pair): pair is [string, string] => pair[1] !== undefined)
    .concat(
      shaping.map(([name, value]) => [name, value]),
      [['_count', String(count)]],
    );
  const url = (after: string | undefined): string =>
    `${base}/${path}?${[...pairs, ...(after === undefined ? [] : [['_cursor', after]])]
      .map(([name, value]) => `${name}=${encodeURIComponent(value!)}`)
      .join('&')}`;
  return [
    { relation: 'self', url: url(cursor) },
    ...(cursor === undefined ? [] : [{ relation: 'first', url: url(undefined) }]),
    ...(next === undefined ? [] : [{ relation: 'next', url: url(writeCursor(next)) }]),
  ];
}
