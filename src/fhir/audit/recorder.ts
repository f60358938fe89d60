// Makes records of requests and sign-ins, and has them written down before the answers go out.

import { isSecretName } from '../../platform/logger/mask.ts';
import type { Caller, Named } from '../auth/caller.ts';
import type { ActedOn, Answer, Call, Dispatch, Target } from '../interactions/call.ts';
import { FhirError } from '../model/errors.ts';
import { parseJson } from '../model/json.ts';
import { localName } from '../model/references.ts';
import type { Store } from '../storage/store.ts';
import type { signIns } from './facts.ts';
import type { Journal } from './journal.ts';
import { addPatientsIn } from './patients.ts';
import type { NewRecord } from './record.ts';
import { type OpenTrail, openTrail, type Traced, type Wrote } from './trail.ts';

/** A request as the pipeline knows it at its end. */
export interface Request {
  id: string;
  caller: Caller;
  method: string;
  /** below the service, as it was sent, and what follows the question mark */
  path: string;
  search: string;
  target?: Target;
  /** absent where the request did not get as far as its interaction */
  trail?: OpenTrail;
  status: number;
  /** kind of what ended it */
  refusal?: string;
  /** whether a Bundle was a batch or a transaction */
  bundle?: string;
}

/** Something happened to a session or an account. */
export interface SignInEvent {
  act: keyof typeof signIns;
  /** the account, where it is known */
  account?: string;
  /** `account` is a client that acts for itself */
  isClient?: true;
  fhirUser?: Named;
  client?: string;
  roles?: readonly string[];
  organizations?: readonly string[];
  address: string;
  /** of the answer: 200, 401, 429 … */
  status: number;
  /** kind of a refusal */
  refusal?: string;
  /** X-Request-Id */
  request?: string;
  /** id of the access token that was made */
  token?: string;
  about?: readonly ActedOn[];
}

export interface Recorder {
  /** of a request that is about to begin its interaction */
  open(base: string): OpenTrail;
  /** settles when it is written down; rejects with `transient` where that is not possible */
  request(request: Request): Promise<void>;
  signIn(event: SignInEvent): Promise<void>;
  /** of a caller's work that runs from the queue */
  work(call: Call, run: Dispatch): Promise<Answer>;
  /** of a call that comes from this process itself */
  answer(call: Call, dispatch: Dispatch): Promise<Answer>;
}

export interface RecorderDeps {
  journal: Pick<Journal, 'write'>;
  /** not narrowed: whose data it was is to be found whoever asked */
  store: Pick<Store, 'read' | 'vread'>;
  now: () => number;
}

const MAX_URL = 4096;
const MINUTE_MS = 60_000;
const MAX_THROTTLED = 10_000;
const MOST_CALLERS = 5000;

export function createRecorder({ journal, store, now }: RecorderDeps): Recorder {
  const bases = new Map<string, Buffer>();
  const whos = new Map<string, Who>();
  const throttled = new Map<string, { minute: number; times: number }>();

  function bufferOf(base: string): Buffer {
    let bytes = bases.get(base);
    if (bytes === undefined) {
      // Host headers are a client's to choose
      if (bases.size > 100) bases.clear();
      bytes = Buffer.from(base);
      bases.set(base, bytes);
    }
    return bytes;
  }

  /** The same caller comes again and again. */
  function knownWho(caller: Caller): Who {
    if (caller.token === undefined || caller.breakGlass !== undefined) return whoOf(caller);
    const name = `${caller.token.id} ${caller.address}`;
    let known = whos.get(name);
    if (known === undefined) {
      if (whos.size > MOST_CALLERS) whos.clear();
      known = whoOf(caller);
      whos.set(name, known);
    }
    return known;
  }

  /** Of those who knock on and on, one refusal a minute is written down, with the number of those before it. */
  function repeated(caller: Pick<Caller, 'id' | 'client' | 'address'>): { skip: boolean; times: number } {
    const name = `${caller.id} ${caller.client} ${caller.address}`;
    const minute = Math.floor(now() / MINUTE_MS);
    const known = throttled.get(name);
    if (known?.minute === minute) {
      known.times++;
      return { skip: true, times: 0 };
    }
    if (throttled.size > MAX_THROTTLED) throttled.clear();
    throttled.set(name, { minute, times: 0 });
    return { skip: false, times: known?.times ?? 0 };
  }

  async function write(records: readonly NewRecord[]): Promise<void> {
    try {
      await journal.write(records);
    } catch (cause) {
      throw new FhirError('transient', 'This cannot be recorded at the moment and so is not answered; try again soon', {
        headers: { 'Retry-After': '5' },
        cause,
      });
    }
  }

  async function ended(call: Call, trail: OpenTrail, run: () => Promise<Answer>): Promise<Answer> {
    const { id, method, target, caller } = call;
    const bundle = target.kind === 'bundle' ? (call.body as { type?: string } | undefined)?.type : undefined;
    const end = (status: number, refusal?: string): Promise<void> =>
      recorder.request({
        ...{ id, caller: caller!, method, path: '', search: '', target, trail, status },
        ...(bundle !== undefined && { bundle }),
        ...(refusal !== undefined && { refusal }),
      });
    let answer: Answer;
    try {
      answer = await run();
    } catch (error) {
      await end(trail.traced.status, trail.traced.refusal);
      throw error;
    }
    await end(answer.status);
    return answer;
  }

  const recorder: Recorder = {
    open: (base) => openTrail(bufferOf(base)),
    work: (call, run) => {
      const trail = recorder.open(call.base);
      return ended(call, trail, () => trail.follow(call, run));
    },
    answer: (call, dispatch) => {
      const trail = recorder.open(call.base);
      return ended(call, trail, () => dispatch({ ...call, trail }));
    },
    request(request) {
      const { caller, status, target, trail } = request;
      if (target?.kind === 'capabilities' && status < 400) return DONE;
      let times = 0;
      if (status === 429) {
        const again = repeated(caller);
        if (again.skip) return DONE;
        times = again.times;
      }
      const who = knownWho(caller);
      const recorded = (): NewRecord => firstRecord(request, who, times);
      const traced = trail?.traced;
      const isWhole =
        traced === undefined || (traced.wrote.length === 0 && traced.entries.size === 0 && !isContent(traced));
      return isWhole ? write([recorded()]) : recordAll(recorded, who, traced).then(write);
    },
    signIn(event) {
      const { account: id = '', client = '', address, status } = event;
      const { skip, times } = status === 429 ? repeated({ id, client, address }) : ONCE;
      return skip ? DONE : write([{ ...recordOfSignIn(event), ...(times > 0 && { times }) }]);
    },
  };
  return recorder;

  /** The request and what it wrote; of a Bundle each entry, and what it wrote beside them. */
  async function recordAll(recorded: () => NewRecord, who: Who, traced: Traced): Promise<NewRecord[]> {
    for (const one of [traced, ...traced.entries.values()]) {
      await findOwners(one.wrote);
      if (isContent(one)) await findOwnersOfContent(one);
    }
    const first = recorded();
    if (traced.call?.target.kind !== 'bundle') return [withWrites(first, traced.wrote)];
    const { request } = first as { request: string };
    // what a transaction only writes is not called entry by entry
    const entries = [...traced.entries].filter(([, own]) => own.call !== undefined);
    const told = new Set(entries.flatMap(([, { wrote }]) => wrote.map(nameOf)));
    const others = traced.wrote.filter((one) => !told.has(nameOf(one)));
    return [
      first,
      ...others.map((one) => ({ ...recordOfWrite(one, who), request })),
      ...entries.map(([entry, own]) => withWrites({ ...recordOf(own, who), request, entry }, own.wrote)),
    ];
  }

  /** A deletion does not say whose it was; the version before it does. */
  async function findOwners(wrote: Wrote[]): Promise<void> {
    for (const one of wrote) {
      if (one.kind !== 'delete') continue;
      const before = await store.vread(one.type, one.id, one.version - 1).catch(() => undefined);
      const patients = new Set<string>();
      if (before?.bytes) addPatientsIn(before.bytes, NO_BASE, patients);
      one.patients = [...patients];
    }
  }

  async function findOwnersOfContent({ call, base, patients }: Traced): Promise<void> {
    const { id } = call!.target as { id: string };
    const binary = await store.read('Binary', id).catch(() => undefined);
    if (!binary?.bytes) return;
    const { securityContext } = parseJson(binary.bytes) as { securityContext?: { reference?: string } };
    const name = localName(securityContext?.reference ?? '', base.toString());
    if (name === undefined) return;
    if (name.type === 'Patient') patients.add(name.id);
    const whole = await store.read(name.type, name.id).catch(() => undefined);
    if (whole?.bytes) addPatientsIn(whole.bytes, base, patients);
  }
}

/** A Binary that was read is bytes: whose they are says what it belongs to. */
const isContent = ({ call, status }: Traced): boolean =>
  status < 400 && (call?.target.kind === 'read' || call?.target.kind === 'vread') && call.target.type === 'Binary';

/** What happened to a session or an account, as it is written down. */
export const recordOfSignIn = ({
  act,
  account,
  isClient,
  fhirUser,
  client,
  roles,
  organizations = [],
  token,
  address,
  status,
  refusal,
  request,
  about = [],
}: SignInEvent): NewRecord => ({
  kind: 'sign-in',
  code: act,
  status,
  address,
  ...(account !== undefined && { by: account }),
  ...(isClient && { isClient }),
  ...(fhirUser !== undefined && { user: `${fhirUser.type}/${fhirUser.id}` }),
  ...(client !== undefined && { client }),
  ...(roles !== undefined && { roles }),
  ...(organizations.length > 0 && { organizations }),
  ...(token !== undefined && { token }),
  ...(refusal !== undefined && { refusal }),
  ...(request !== undefined && { request }),
  ...(about.length > 0 && { about }),
});

const ONCE = { skip: false, times: 0 };
const DONE = Promise.resolve();
/** no base: only relative references */
const NO_BASE = Buffer.from('\0');

/** Filled field by field: this is on the way of every request. */
type Draft = { -readonly [Field in keyof NewRecord]: NewRecord[Field] };
type Who = Partial<
  Pick<NewRecord, 'by' | 'isClient' | 'client' | 'user' | 'roles' | 'organizations' | 'token' | 'glass'>
> &
  Pick<NewRecord, 'address'>;

const nameOf = ({ type, id, version }: Wrote): string => `${type}/${id}/_history/${version}`;

/** How far it got and how it ended, whatever its interaction found out. */
function firstRecord(request: Request, who: Who, times: number): NewRecord {
  const { id, method, path, search, target, trail, status, refusal, bundle } = request;
  const traced = trail?.traced;
  const record: Draft = traced?.call === undefined ? draftOf(target, who, status) : recordOf(traced, who);
  if (traced?.call === undefined) {
    record.method = method;
    record.url = withoutSecrets(`${path}${search === '' ? '' : `?${search}`}`);
  }
  record.status = status;
  record.request = id;
  if (refusal !== undefined) record.refusal = refusal;
  if (bundle !== undefined) record.code = bundle;
  if (times > 0) record.times = times;
  return record;
}

function whoOf({ kind, id, client, fhirUser, roles, organizations, token, breakGlass, address }: Caller): Who {
  if (kind === 'anonymous') return { address };
  return {
    by: id,
    ...(kind === 'client' && { isClient: true as const }),
    client,
    ...(fhirUser !== undefined && { user: `${fhirUser.type}/${fhirUser.id}` }),
    ...(roles.length > 0 && { roles }),
    ...(organizations.length > 0 && { organizations }),
    ...(token !== undefined && { token: token.id }),
    address,
    ...(breakGlass !== undefined && { glass: breakGlass }),
  };
}

function draftOf(target: Target | undefined, who: Who, status: number): Draft {
  const record: Draft = { kind: target?.kind ?? 'unknown', status, ...who };
  if (target === undefined) return record;
  if ('type' in target && target.type !== undefined) record.type = target.type;
  if ('id' in target && target.id !== undefined && !IDS_OF_OTHERS.has(target.kind)) record.id = target.id;
  if (target.kind === 'operation') record.code = target.code;
  else if (target.kind === 'vread' && VERSION.test(target.version)) record.version = Number(target.version);
  return record;
}

function recordOf({ call, status, refusal, version, location, patients, about }: Traced, who: Who): Draft {
  const { target, method, query, headers } = call!;
  const record = draftOf(target, who, status);
  addAsked(target, query, patients);
  if (target.kind !== 'operation' && target.kind !== 'bundle') {
    if (version !== undefined) record.version = version;
    const named = location === undefined ? null : LOCATION.exec(location);
    if (named !== null) {
      record.type = named[1]!;
      record.id = named[2]!;
      if (record.type === 'Patient') patients.add(record.id);
    }
  }
  const url = urlOf(target, query, headers);
  if (url !== undefined) {
    record.method = method;
    record.url = url;
  }
  if (refusal !== undefined) record.refusal = refusal;
  if (patients.size > 0) record.patients = [...patients];
  if (about.length > 0) record.about = about;
  return record;
}

const LOCATION = /^([A-Za-z]+)\/([^/]+)/;

const recordOfWrite = ({ kind, type, id, version, patients }: Wrote, who: Who): NewRecord => ({
  kind,
  type,
  id,
  version,
  status: kind === 'create' ? 201 : 200,
  ...(patients.length > 0 && { patients }),
  ...who,
});

/** What was written is the target itself, or what an operation or a deletion by criteria changed. */
function withWrites(record: NewRecord, wrote: readonly Wrote[]): NewRecord {
  if (wrote.length === 0) return record;
  const patients = new Set([...(record.patients ?? []), ...wrote.flatMap((one) => one.patients)]);
  const others = wrote.filter(
    ({ type, id, version }) => type !== record.type || id !== record.id || version !== record.version,
  );
  return {
    ...record,
    ...(patients.size > 0 && { patients: [...patients] }),
    ...(others.length > 0 && { wrote: others.map(nameOf) }),
  };
}

/** whose id is not the id of their type */
const IDS_OF_OTHERS: ReadonlySet<Target['kind']> = new Set(['search-compartment', 'async-status']);
const VERSION = /^[1-9]\d{0,14}$/;
const REFERENCE = /^Patient\/([A-Za-z0-9\-.]{1,64})$/;
const ID = /^[A-Za-z0-9\-.]{1,64}$/;
const NAMES_PATIENT: ReadonlySet<string> = new Set(['patient', 'patient:Patient', 'subject:Patient']);

/** Whoever asks for a patient by id is on record for it, whether or not there was anything to show. */
function addAsked(target: Target, query: Call['query'], patients: Set<string>): void {
  if (target.kind === 'search-compartment') {
    if (target.compartment === 'Patient') patients.add(target.id);
  } else if ('id' in target && 'type' in target && target.type === 'Patient') patients.add(target.id!);
  for (const [name, value] of query) {
    for (const part of value.split(',')) {
      const id = REFERENCE.exec(part)?.[1] ?? (NAMES_PATIENT.has(name) && ID.test(part) ? part : undefined);
      if (id !== undefined) patients.add(id);
    }
  }
}

/** What was asked, where the target does not say it; secrets left out. */
function urlOf(target: Target, query: Call['query'], headers: Call['headers']): string | undefined {
  const { kind } = target;
  if (kind === 'create' && headers['if-none-exist'] !== undefined) {
    return withoutSecrets(`${target.type}?${headers['if-none-exist'].replace(/^.*\?/, '')}`);
  }
  // which operation it was is said by nothing else
  if (query.length === 0 && kind !== 'operation' && !kind.startsWith('search')) return undefined;
  const path = pathOf(target);
  if (query.length === 0) return path;
  const hides = kind === 'operation' && SIGN_IN.test(target.code);
  const pairs = query.map(([name, value]) => `${name}=${hides ? HIDDEN : encodeURIComponent(value)}`);
  return withoutSecrets(`${path}?${pairs.join('&')}`);
}

function pathOf(target: Target): string {
  if (target.kind === 'search-compartment') return `${target.compartment}/${target.id}/${target.type}`;
  const operation =
    target.kind === 'operation' ? `$${target.code}` : target.kind.startsWith('history') ? '_history' : '';
  const parts = ['type' in target ? target.type : '', 'id' in target ? target.id : '', operation];
  return parts.filter(Boolean).join('/');
}

/** operations whose parameters are secrets */
const SIGN_IN =
  /^(?:register|login|verify-otp|resend-otp|forgot-password|reset-password|change-password|refresh-token|logout|validate-token)$/;
const HIDDEN = '***';

const withoutSecrets = (url: string): string =>
  url
    .slice(0, MAX_URL)
    .replaceAll(/([?&])([^=&]+)=([^&]*)/g, (whole, mark: string, name: string) =>
      isSecretName(name) ? `${mark}${name}=${HIDDEN}` : whole,
    );
