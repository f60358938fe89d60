// History at three levels: one instance, one type, the whole system. One story, three scopes.
// https://hl7.org/fhir/R4/http.html#history

import { dateInterval } from '../model/dates.ts';
import { FhirError, notFound } from '../model/errors.ts';
import type { HistoryQuery, Version } from '../storage/store.ts';
import type { Answer, Call, Engine } from './call.ts';
import { etagOf } from './headers.ts';
import { writeBundle } from './write-bundle.ts';

type Scope = HistoryQuery['scope'];

export async function answerHistory(engine: Engine, call: Call, scope: Scope): Promise<Answer> {
  const asked = readHistoryQuery(engine, call.query);
  const page = await call.store.history({ scope, ...asked });
  if (scope.level === 'instance' && page.versions.length === 0) await refuseUnknown(call, scope.type, scope.id);
  const path = pathOf(scope);
  const link = (relation: string, after: string | undefined) => ({
    relation,
    url: linkUrl(`${call.base}/${path}`, call.query, asked.limit, after),
  });
  return {
    status: 200,
    body: writeBundle({
      type: 'history',
      lastUpdated: engine.now(),
      ...(page.total === undefined ? {} : { total: page.total }),
      links: [link('self', asked.after), ...(page.next === undefined ? [] : [link('next', page.next)])],
      entries: page.versions.map((version) => entryOf(call.base, version)),
    }),
  };
}

/** An empty page of a resource that exists (`_since` is late, `_count=0`) is an answer; of one that never was, 404. */
async function refuseUnknown(call: Call, type: string, id: string): Promise<void> {
  if ((await call.store.read(type, id)) === undefined) throw notFound(type, id);
}

function entryOf(base: string, { type, id, version, lastUpdated, bytes, method }: Version) {
  const name = `${type}/${id}`;
  const isCreation = method === 'POST' || (method === 'PUT' && version === 1);
  const status = method === 'DELETE' ? '204' : isCreation ? '201' : '200';
  return {
    fullUrl: `${base}/${name}`,
    resource: bytes,
    rest: {
      request: { method, url: method === 'POST' ? type : name },
      response: { status, etag: etagOf(version), lastModified: new Date(lastUpdated).toISOString() },
    },
  };
}

function pathOf(scope: Scope): string {
  if (scope.level === 'system') return '_history';
  return scope.level === 'type' ? `${scope.type}/_history` : `${scope.type}/${scope.id}/_history`;
}

/** The parameters that were applied, and where the page begins. */
function linkUrl(path: string, query: Call['query'], limit: number, after: string | undefined): string {
  const kept = query.filter(([name]) => name === '_since' || name === '_at' || name === '_format');
  const pairs = [...kept, ['_count', String(limit)], ...(after === undefined ? [] : [['_cursor', after]])];
  return `${path}?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(value!)}`).join('&')}`;
}

function readHistoryQuery({ settings }: Engine, query: Call['query']): Omit<HistoryQuery, 'scope'> {
  const values = new Map(query);
  const since = readTime('_since', values.get('_since'), settings.timeZone);
  const at = readTime('_at', values.get('_at'), settings.timeZone);
  const after = values.get('_cursor');
  return {
    limit: readCount(values.get('_count'), settings.defaultPageSize, settings.maxPageSize),
    ...(since === undefined ? {} : { since: since.lo }),
    ...(at === undefined ? {} : { at }),
    ...(after === undefined ? {} : { after }),
  };
}

function readTime(name: string, text: string | undefined, timeZone: string): { lo: number; hi: number } | undefined {
  if (text === undefined) return undefined;
  // the plus of a zone (+02:00) arrives as a space where the client did not encode it
  const interval = dateInterval(text.replace(' ', '+'), timeZone);
  if (interval === undefined) throw new FhirError('value', `${name} must be a date or an instant, not "${text}"`);
  return interval;
}

function readCount(text: string | undefined, usual: number, most: number): number {
  if (text === undefined) return usual;
  if (!/^\d{1,9}$/.test(text)) throw new FhirError('value', `_count must be a whole number, not "${text}"`);
  return Math.min(Number(text), most);
}
