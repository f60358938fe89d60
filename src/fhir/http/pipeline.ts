// The way of every FHIR request, read from top to bottom. A step either sets something in the exchange, or sets the answer (which
// ends the way), or throws a FhirError (which becomes the answer). New concerns (sign-in, rate limits, audit) are new lines.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Admission } from '../../platform/admission/admission.ts';
import type { AddressOf } from '../../platform/client-address/client-address.ts';
import type { Recorder } from '../audit/index.ts';
import type { OpenTrail } from '../audit/trail.ts';
import type { Access } from '../auth/access/access.ts';
import type { Caller } from '../auth/caller.ts';
import { admit, type Limits, limitHeaders, type Spent, throttled } from '../auth/limits/index.ts';
import type { Tokens } from '../auth/tokens.ts';
import { readXml } from '../formats/xml-read.ts';
import type { Answer, Call, Dispatch, Engine, Target } from '../interactions/call.ts';
import { type Grammar, readQuery } from '../interactions/grammar.ts';
import { FhirError, type Issue } from '../model/errors.ts';
import { parseJson } from '../model/json.ts';
import type { Store } from '../storage/store.ts';
import { anonymousAt, callerOf } from './authenticate.ts';
import { isBinaryRead, isBinaryWrite, presentBinary, readBinary } from './binary.ts';
import { readBody as readBytes } from './body.ts';
import { allowOrigin, preflightHeaders, refuseForeigners } from './cors.ts';
import { type BodyFormat, bodyFormat, FHIR_JSON, type Format, nearest, negotiate, notAcceptable } from './negotiate.ts';
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
  bodyIssues?: Call['bodyIssues'];
  /** ends the turn of a large body */
  release?: () => void;
  format: Format;
  /** what the client asks for, where there is no such format */
  unknownFormat?: string;
  pretty: boolean;
  /** who asks; absent with AUTH=off */
  caller?: Caller;
  /** when the token was looked at last, by performance.now() */
  verifiedAt?: number;
  /** watches the interaction */
  trail?: OpenTrail;
  /** whether a Bundle that was posted is a batch or a transaction */
  bundle?: string;
  /** headers of the answer, whatever it is */
  headers?: Readonly<Record<string, string>>;
  answer?: Answer;
}

/** Who stands at the door; there is nobody with AUTH=off. */
export interface Guard {
  verify: Tokens['verify'];
  limits: Pick<Limits, 'spend'>;
  addressOf: AddressOf;
  /** absent where nothing is written down */
  recorder?: Recorder;
}

/** What the steps work with. */
export interface Room {
  engine: Engine;
  store: Store;
  dispatch: Dispatch;
  grammar: Grammar;
  admission: Admission;
  settings: HttpSettings;
  guard?: Guard;
  /** absent where nobody signs in (AUTH=off) */
  access?: Pick<Access, 'storeFor' | 'withReason'>;
}

export type Step = (exchange: Exchange, room: Room) => void | Promise<void>;

const steps: readonly Step[] = [
  chooseFormat, //         what the answer is written in, refusals too
  refuseForeignPages, //   loopback only while nobody signs in
  allowPages, //           CORS
  answerOptions, //        OPTIONS, preflight
  readTarget, //           method + path → what is meant; 404, 405
  authenticate, //         bearer token → caller; 401
  limitRate, //            429
  breakGlass, //           X-Break-Glass: why → caller; 403
  refuseFormat, //         406
  readBody, //             415, 413, 400; large ones wait for their turn
  authenticateAgain, //    401, where the body took its time
  answerCall, //           the interaction, then Prefer: return
];

const guarded: ReadonlySet<Step> = new Set([authenticate, limitRate, breakGlass, authenticateAgain]);

/** The steps there are with a guard, or without. */
export const stepsFor = (guard: Guard | undefined): readonly Step[] =>
  steps.filter((step) => (guard === undefined ? !guarded.has(step) : step !== refuseForeignPages));

export async function walk(exchange: Exchange, room: Room, way: readonly Step[]): Promise<void> {
  for (const step of way) {
    const pending = step(exchange, room);
    if (pending !== undefined) await pending;
    if (exchange.answer !== undefined) return;
  }
}

function chooseFormat(exchange: Exchange): void {
  const asked = exchange.search.includes('_format=') ? formatIn(exchange.search) : undefined;
  const { method, headers } = exchange.req;
  const found = negotiate(headers.accept, asked);
  if (found === undefined) {
    exchange.unknownFormat = asked ?? headers.accept!;
    exchange.format = nearest(exchange.unknownFormat);
    // a page is for reading
  } else if (found.syntax !== 'html' || method === 'GET' || method === 'HEAD') exchange.format = found;
  exchange.pretty = exchange.search.includes('_pretty') && /(?:^|&)_pretty=true(?:&|$)/.test(exchange.search);
}

/** A broken percent-encoding is told by the step that reads the whole query. */
function formatIn(search: string): string | undefined {
  try {
    return readQuery(search).find(([name]) => name === '_format')?.[1];
  } catch {
    return undefined;
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

function authenticate(exchange: Exchange, { guard }: Room): void | Promise<void> {
  const { verify, limits, addressOf } = guard!;
  exchange.verifiedAt = performance.now();
  const address = addressOf(exchange.req);
  // whoever tries tokens out does so at the expense of an address
  const refuse = async (error: unknown): Promise<never> => {
    exchange.caller = anonymousAt(address);
    await admit(limits, exchange.caller);
    throw error;
  };
  try {
    const caller = callerOf(exchange.req, address, verify);
    if (!(caller instanceof Promise)) {
      exchange.caller = caller;
      return undefined;
    }
    return caller.then((known) => {
      exchange.caller = known;
    }, refuse);
  } catch (error) {
    return refuse(error);
  }
}

/** What is known of a token is believed for a moment: who was sent away meanwhile neither writes nor reads what was begun before. */
const BELIEVED_MS = 1_000;

function authenticateAgain(exchange: Exchange, room: Room): void | Promise<void> {
  if (performance.now() - exchange.verifiedAt! >= BELIEVED_MS) return authenticate(exchange, room);
}

function limitRate(exchange: Exchange, { guard }: Room): void | Promise<void> {
  const spent = guard!.limits.spend(exchange.caller!);
  return spent instanceof Promise ? spent.then((known) => count(exchange, known)) : count(exchange, spent);
}

function count(exchange: Exchange, spent: Spent | undefined): void {
  if (spent === undefined) return;
  if (!spent.allowed) throw throttled(spent);
  exchange.headers = limitHeaders(spent);
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
  const isBinary = isBinaryWrite(target);
  const isKnown = format !== undefined && possible.includes(format);
  if (!isKnown && !(isBinary && req.headers['content-type'] !== undefined)) throw wrongFormat(req, possible);
  const { maxBundleBytes, maxResourceBytes } = engine.settings;
  const { bytes, release } = await readBytes(req, kind === 'bundle' ? maxBundleBytes : maxResourceBytes, admission);
  exchange.release = release;
  if (isBinary) exchange.body = readBinary(bytes, req.headers, { format, target, engine });
  else if (bytes.length > 0) readContent(exchange, format!, { bytes, engine });
}

function readContent(
  exchange: Exchange,
  format: BodyFormat,
  { bytes, engine }: { bytes: Buffer; engine: Engine },
): void {
  const { target } = exchange;
  if (format === 'form') readForm(exchange, bytes.toString());
  // a patch is read where it is applied, in a request of its own as in an entry of a batch
  else if (target?.kind === 'patch' || target?.kind === 'patch-conditional') exchange.body = bytes;
  else if (format === 'json') exchange.body = parseJson(bytes);
  else if (target?.kind !== 'operation') exchange.body = readXml(bytes, engine.definitions);
  else {
    const told: Issue[] = [];
    exchange.body = readXml(bytes, engine.definitions, told);
    if (told.length > 0) exchange.bodyIssues = told;
  }
}

/** The parameters of a POST _search, of which some are about the answer. */
function readForm(exchange: Exchange, text: string): void {
  const pairs = readQuery(text);
  exchange.query = [...exchange.query, ...pairs];
  const asked = pairs.find(([name]) => name === '_format')?.[1];
  if (asked !== undefined) {
    const found = negotiate(undefined, asked);
    if (found === undefined) throw notAcceptable(asked);
    exchange.format = found;
  }
  exchange.pretty ||= pairs.some(([name, value]) => name === '_pretty' && value === 'true');
}

const mediaTypes: Record<BodyFormat, string> = {
  json: 'application/fhir+json',
  xml: 'application/fhir+xml',
  'json-patch': 'application/json-patch+json',
  'xml-patch': 'application/xml-patch+xml',
  form: 'application/x-www-form-urlencoded',
};

function formatsOf(kind: Target['kind']): readonly BodyFormat[] {
  if (kind.startsWith('search')) return ['form'];
  if (kind.startsWith('patch')) return ['json-patch', 'xml-patch', 'json', 'xml'];
  return ['json', 'xml'];
}

function wrongFormat({ method, headers }: IncomingMessage, possible: readonly BodyFormat[]): FhirError {
  const names = possible.map((format) => mediaTypes[format]);
  const given = headers['content-type'];
  return new FhirError(
    'media-type',
    `The body must be ${names.join(' or ')} in UTF-8, of FHIR 4.0; ${given === undefined ? 'it has no Content-Type' : `it is ${given}`}`,
    { headers: { [method === 'PATCH' ? 'Accept-Patch' : 'Accept-Post']: names.join(', ') } },
  );
}

function breakGlass(exchange: Exchange, { access }: Room): void {
  const { caller } = exchange;
  if (caller?.breakGlass !== undefined && access) exchange.caller = access.withReason(caller, caller.breakGlass);
}

/** What a Binary holds may be of any type, so any type may be asked for. */
function refuseFormat({ target, unknownFormat }: Exchange): void {
  if (unknownFormat !== undefined && !isBinaryRead(target)) throw notAcceptable(unknownFormat);
}

async function answerCall(exchange: Exchange, room: Room): Promise<void> {
  const { dispatch, store, access, guard } = room;
  const { req, query, body, bodyIssues, base, id } = exchange;
  const caller = access && (exchange.caller ?? anonymousAt(''));
  const target = exchange.target!; // set by readTarget
  const headers = req.headers as Call['headers']; // only Set-Cookie, which no request has, is ever an array
  const call: Call = {
    target,
    method: req.method as Call['method'],
    query,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(bodyIssues && { bodyIssues }),
    base,
    id,
    store: caller ? access.storeFor(caller) : store,
    ...(caller && { caller }),
  };
  const trail = guard?.recorder?.open(base);
  if (trail !== undefined) call.trail = exchange.trail = trail;
  if (target.kind === 'bundle') exchange.bundle = typeOf(body);
  exchange.body = undefined; // a large Bundle should not stay in memory while its answer is being sent
  const answer = await dispatch(call);
  // what was written stays so, and who wrote it is told
  if (guard !== undefined && onlyReads(call)) await authenticateAgain(exchange, room);
  exchange.answer = isBinaryRead(target)
    ? presentBinary(answer, exchange)
    : present(answer, target.kind, headers.prefer);
}

const onlyReads = ({ method, target }: Call): boolean => method === 'GET' || target.kind.startsWith('search');

const typeOf = (bundle: unknown): string =>
  (bundle as { type?: unknown } | undefined)?.type === 'transaction' ? 'transaction' : 'batch';

/** The last of all: nobody gets an answer that is not on record. */
export function record(
  exchange: Exchange,
  status: number,
  refusal: string | undefined,
  { guard }: Room,
): Promise<void> | undefined {
  if (guard?.recorder === undefined || exchange.req.method === 'OPTIONS') return undefined;
  const { req, id, path, search, target, trail, bundle, caller = anonymousAt(guard.addressOf(req)) } = exchange;
  return guard.recorder.request({
    id,
    caller,
    method: req.method ?? '',
    path: path.slice(1),
    search,
    status,
    ...(target !== undefined && { target }),
    ...(trail !== undefined && { trail }),
    ...(bundle !== undefined && { bundle }),
    ...(refusal !== undefined && { refusal }),
  });
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
    format: FHIR_JSON,
    pretty: false,
  };
}

const plainHost = /^[A-Za-z0-9.\-_:[\]]{1,255}$/;

function baseOfHost({ headers, socket }: IncomingMessage, path: string): string {
  const host = headers.host !== undefined && plainHost.test(headers.host) ? headers.host : 'localhost';
  return `${'encrypted' in socket ? 'https' : 'http'}://${host}${path}`;
}
