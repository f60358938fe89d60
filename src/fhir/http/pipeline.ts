// The way of every FHIR request, read from top to bottom. A step either sets something in the exchange, or sets the answer (which
// ends the way), or throws a FhirError (which becomes the answer). New concerns (sign-in, rate limits, audit) are new lines.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Admission } from '../../platform/admission/admission.ts';
import type { Answer, Call, Dispatch, Engine, Target } from '../interactions/call.ts';
import { type Grammar, readQuery } from '../interactions/grammar.ts';
import { FhirError } from '../model/errors.ts';
import { parseJson } from '../model/json.ts';
import type { Store } from '../storage/store.ts';
import { readBody as readBytes } from './body.ts';
import { allowOrigin, preflightHeaders, refuseForeigners } from './cors.ts';
import { type BodyFormat, bodyFormat, FHIR_JSON, negotiate } from './negotiate.ts';
import { present } from './respond.ts';
import type { HttpSettings } from './settings.ts';

/** One request on its way. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly id: string;
  readonly base: string;
  /** below the service, still encoded */
  readonly path: string;
  /** what follows the question mark, still encoded */
  readonly search: string;
  target?: Target;
  query: Call['query'];
  body?: unknown;
  /** ends the turn of a large body */
  release?: () => void;
  contentType: string;
  pretty: boolean;
  answer?: Answer;
}

/** What the steps work with. */
export interface Room {
  engine: Engine;
  store: Store;
  dispatch: Dispatch;
  grammar: Grammar;
  admission: Admission;
  settings: HttpSettings;
}

type Step = (exchange: Exchange, room: Room) => void | Promise<void>;

const steps: readonly Step[] = [
  refuseForeignPages, //   loopback only while nobody signs in
  allowPages, //           CORS
  answerOptions, //        OPTIONS, preflight
  readTarget, //           method + path → what is meant; 404, 405
  readBody, //             415, 413, 400; large ones wait for their turn
  negotiateFormat, //      406
  answerCall, //           the interaction, then Prefer: return
];

export async function walk(exchange: Exchange, room: Room): Promise<void> {
  for (const step of steps) {
    const pending = step(exchange, room);
    if (pending !== undefined) await pending;
    if (exchange.answer !== undefined) return;
  }
}

function refuseForeignPages({ req }: Exchange, { settings }: Room): void {
  refuseForeigners(req, settings);
}

function allowPages({ req, res }: Exchange, { settings }: Room): void {
  allowOrigin(req, res, settings);
}

function answerOptions(exchange: Exchange, { grammar }: Room): void {
  if (exchange.req.method !== 'OPTIONS') return;
  const allow = grammar.allowedMethods(exchange.path);
  exchange.answer = { status: 204, headers: { Allow: allow, ...preflightHeaders(allow) } };
}

function readTarget(exchange: Exchange, { grammar }: Room): void {
  exchange.target = grammar.readTarget(exchange.req.method ?? '', exchange.path);
  if (exchange.search !== '') exchange.query = readQuery(exchange.search);
}

const bodyMethods = new Set<string | undefined>(['POST', 'PUT', 'PATCH']);

function readBody(exchange: Exchange, room: Room): Promise<void> | undefined {
  const { req } = exchange;
  const hasBody = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
  return hasBody && bodyMethods.has(req.method) ? receiveBody(exchange, room) : undefined;
}

async function receiveBody(exchange: Exchange, { engine, admission }: Room): Promise<void> {
  const { req, target } = exchange;
  const kind = target?.kind ?? 'bundle';
  const format = bodyFormat(req.headers['content-type']);
  const possible = formatsOf(kind);
  if (format === undefined || !possible.includes(format)) throw wrongFormat(req, possible);
  const { maxBundleBytes, maxResourceBytes } = engine.settings;
  const { bytes, release } = await readBytes(req, kind === 'bundle' ? maxBundleBytes : maxResourceBytes, admission);
  exchange.release = release;
  if (bytes.length === 0) return;
  if (format === 'form') exchange.query = [...exchange.query, ...readQuery(bytes.toString())];
  else exchange.body = parseJson(bytes);
}

const mediaTypes: Record<BodyFormat, string> = {
  json: 'application/fhir+json',
  'json-patch': 'application/json-patch+json',
  form: 'application/x-www-form-urlencoded',
};

function formatsOf(kind: Target['kind']): readonly BodyFormat[] {
  if (kind.startsWith('search')) return ['form'];
  if (kind.startsWith('patch')) return ['json-patch', 'json'];
  return ['json'];
}

function wrongFormat({ method, headers }: IncomingMessage, possible: readonly BodyFormat[]): FhirError {
  const names = possible.map((format) => mediaTypes[format]);
  const given = headers['content-type'];
  return new FhirError(
    'media-type',
    `The body must be ${names.join(' or ')} in UTF-8; ${given === undefined ? 'it has no Content-Type' : `it is ${given}`}`,
    { headers: { [method === 'PATCH' ? 'Accept-Patch' : 'Accept-Post']: names.join(', ') } },
  );
}

function negotiateFormat(exchange: Exchange): void {
  const asked = exchange.query.length === 0 ? undefined : exchange.query.find(([name]) => name === '_format')?.[1];
  exchange.contentType = negotiate(exchange.req.headers.accept, asked);
  exchange.pretty = exchange.query.some(([name, value]) => name === '_pretty' && value === 'true');
}

async function answerCall(exchange: Exchange, { dispatch, store }: Room): Promise<void> {
  const { req, query, body, base, id } = exchange;
  const target = exchange.target!; // set by readTarget
  const headers = req.headers as Call['headers']; // only Set-Cookie, which no request has, is ever an array
  const call: Call = {
    target,
    method: req.method as Call['method'],
    query,
    headers,
    ...(body === undefined ? {} : { body }),
    base,
    id,
    store,
  };
  exchange.body = undefined; // a large Bundle should not stay in memory while its answer is being sent
  exchange.answer = present(await dispatch(call), target.kind, headers.prefer);
}

const noQuery: Call['query'] = [];

/** A new exchange, before its first step. */
export function openExchange(req: IncomingMessage, res: ServerResponse, id: string, settings: HttpSettings): Exchange {
  const url = req.url ?? '/';
  const question = url.indexOf('?');
  return {
    req,
    res,
    id,
    base: settings.base ?? baseOfHost(req, settings.path),
    path: url.slice(settings.path.length, question === -1 ? undefined : question),
    search: question === -1 ? '' : url.slice(question + 1),
    query: noQuery,
    contentType: FHIR_JSON,
    pretty: false,
  };
}

const plainHost = /^[A-Za-z0-9.\-_:[\]]{1,255}$/;

function baseOfHost({ headers, socket }: IncomingMessage, path: string): string {
  const host = headers.host !== undefined && plainHost.test(headers.host) ? headers.host : 'localhost';
  return `${'encrypted' in socket ? 'https' : 'http'}://${host}${path}`;
}
