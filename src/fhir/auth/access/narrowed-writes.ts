// What a caller may write: what is there before must be within its reach for the change, what will be there after as well, and the content must
// meet what its roles demand. What is not within reach at all is answered as what does not exist.
import type { Definitions } from '../../definitions/definitions.ts';
import { literalReferences } from '../../interactions/references.ts';
import { FhirError, notFound } from '../../model/errors.ts';
import { parseJson } from '../../model/json.ts';
import type { SearchKeys } from '../../model/keys.ts';
import { type Name, nameOf } from '../../model/references.ts';
import type { Resource } from '../../model/resource.ts';
import { patientsNamed } from '../../search/index.ts';
import type { FindQuery, Store, Version, Write, Written } from '../../storage/store.ts';
import { checkKept, checkState, isAppState, OUTSIDE, stateGone, withSubjectHere } from './app-state.ts';
import { type Around, createAround } from './around-writes.ts';
import type { CriteriaContext } from './criteria.ts';
import { hiddenInAll, withHiddenKept } from './hidden.ts';
import { type JudgeDeps, keysOf, type Subject, waysTo } from './judge.ts';
import { refuseFewerLabels, withLabelsKept } from './labels.ts';
import { narrowedQuery } from './narrow-query.ts';
import { type Ownership, ownersFor, withOwners } from './owners.ts';
import type { Letter } from './policy.ts';
import type { Reach, Way } from './reach.ts';
import { referredBy } from './referred.ts';
import type { Rights } from './rights.ts';
import { type ContentChange, refuseBrokenConditions } from './write-conditions.ts';

export interface WriteDeps {
  definitions: Definitions;
  rights: Rights;
  ownership: Ownership;
  judge: JudgeDeps;
  taken: Taken;
  /** how others call this server, where it was not told (BASE_URL) */
  ownBase?: string | undefined;
  criteria: () => CriteriaContext;
}

/** What the hospital's rules take a place in for a write of some types: slots, beds, stock. */
export interface Taken {
  by: ReadonlySet<string>;
  types: ReadonlySet<string>;
}

/** Below every restriction, in the transaction of the write where there is one. */
export type Below = Pick<Store, 'readMany' | 'find'>;

/** What is to be written in place of what was asked, or what is answered without writing. */
export type Judged = { write: Write; version?: Version } | { written: Written };

type Given<Kind extends Write['kind']> = Extract<Write, { kind: Kind }>;

/** `expected`: what else the same transaction will write. */
export async function judgedWrites(
  writes: readonly Write[],
  below: Below,
  deps: WriteDeps,
  expected: readonly Write[] = [],
): Promise<Judged[]> {
  const free = new Set<Write>();
  for (const write of writes) if (await isFree(write, deps)) free.add(write);
  const known = writes.flatMap((write) =>
    write.kind === 'create' || free.has(write) ? [] : [{ type: write.type, id: write.id }],
  );
  const versions = known.length === 0 ? [] : await below.readMany(known);
  const current = new Map(known.map(({ type, id }, index) => [`${type}/${id}`, versions[index]]));
  const around = createAround({ ...deps, extractor: deps.judge.extractor, below, writes: [...expected, ...writes] });
  const room: Room = { ...deps, around };
  return Promise.all(
    writes.map(async (write) => {
      try {
        return free.has(write) ? { write } : await judged(write, current.get(`${write.type}/${write.id}`), room);
      } catch (error) {
        throw error instanceof FhirError ? aboutWrite(error, write) : error;
      }
    }),
  );
}

/** Nothing to judge, to keep or to add: whoever reaches everything deletes, and writes what is nobody's in particular. */
async function isFree({ kind, type }: Write, { rights, ownership }: WriteDeps): Promise<boolean> {
  if (kind === 'delete') return (await rights.reach(type, 'd')).isOpen;
  if (ownership.sharingOf(type) !== 'shared') return false;
  const [creating, updating] = [await rights.reach(type, 'c'), await rights.reach(type, 'u')];
  return creating.isOpen && (kind === 'create' || updating.isOpen);
}

interface Room extends WriteDeps {
  around: Around;
}

/** A transaction of many names the entry by it. */
function aboutWrite({ kind, message, issues, headers, cause }: FhirError, write: Write): FhirError {
  return new FhirError(kind, message, { issues, headers, about: write, cause });
}

async function judged(asked: Write, current: Version | undefined, room: Room): Promise<Judged> {
  const isState = isAppState(asked.type, room.rights.caller);
  if (isState) checkState(asked);
  const write = isState ? withSubjectHere(asked, room.ownBase) : asked;
  switch (write.kind) {
    case 'create':
      return judgedCreate(write, room);
    case 'update':
      return judgedUpdate(write, current, room);
    case 'delete':
      return judgedDelete(write, current, room);
  }
}

async function judgedCreate(write: Given<'create'>, room: Room): Promise<Judged> {
  const { type, id, ifNoneExist } = write;
  const resource = await contentAfter(
    { type, letter: 'c', after: write.resource, ...(id !== undefined && { id }) },
    room,
  );
  if (!ifNoneExist) return { write: { ...write, resource } };
  const query: FindQuery = { type, where: ifNoneExist.where, sort: [], limit: 1, total: 'none' };
  const narrowed = await narrowedQuery(query, room);
  return { write: { ...write, resource, ifNoneExist: { ...ifNoneExist, where: narrowed?.query.where ?? NOTHING } } };
}

const NOTHING = { op: 'or', of: [] } as const;

async function judgedUpdate(write: Given<'update'>, current: Version | undefined, room: Room): Promise<Judged> {
  const { type, id } = write;
  const { rights } = room;
  if (!current?.bytes) {
    const creating = await rights.reach(type, 'c');
    // Under an id of its own choice only who reaches everything creates: for all others an id that is taken and one that is free are alike.
    // Operations, which say no method, choose ids that no caller can.
    if (creating.isNothing || (write.method !== undefined && !isEverywhere(creating))) throw notFoundAs(type, id, room);
    const resource = await contentAfter({ type, id, letter: 'c', after: write.resource }, room);
    return { write: { ...write, resource } };
  }
  const subject = { type, id, lastUpdated: current.lastUpdated, bytes: current.bytes };
  const ways = await mustReach(subject, 'u', room);
  const seen = await waysTo(await rights.reach(type, 'r'), subject, room.judge);
  const before = parseJson(current.bytes) as Resource;
  const resource = await contentAfter(
    {
      type,
      id,
      letter: 'u',
      after: write.method === 'PUT' ? withLabelsKept(write.resource, before) : write.resource,
      before,
      seen: seen.length > 0 ? seen : ways,
      ways,
    },
    room,
  );
  return { write: { ...write, resource }, version: current };
}

const isEverywhere = (reach: Reach): boolean => reach.where.op === 'and' && reach.where.of.length === 0;

const unknownId = (type: string, id: string): FhirError =>
  new FhirError(
    'not-found',
    `${type}/${id} does not exist; the server chooses the ids of what you create (POST ${type})`,
  );

async function judgedDelete(write: Given<'delete'>, current: Version | undefined, room: Room): Promise<Judged> {
  const { type, id } = write;
  if (!current?.bytes) return nothingToDelete(write);
  const before = { type, id, lastUpdated: current.lastUpdated, bytes: current.bytes };
  const deleting = await waysTo(await room.rights.reach(type, 'd'), before, room.judge);
  if (deleting.length === 0) {
    if (await isSeen(before, room)) throw notAllowed(type, id, 'deleted');
    return nothingToDelete(write);
  }
  const content = parseJson(current.bytes) as Resource;
  meetOne(deleting, 'd', { type, before: content, own: await room.rights.ownReferences() });
  return { write, version: current };
}

/** The same of what never was, is gone, or is out of reach. */
function nothingToDelete({ type, id, ifVersion = 0 }: Given<'delete'>): Judged {
  if (ifVersion !== 0)
    throw new FhirError('precondition', `Version ${ifVersion} of ${type}/${id} was expected, but it does not exist`);
  const nothing = {
    version: 0,
    lastUpdated: 0,
    bytes: null,
    method: 'DELETE',
    created: false,
    changed: false,
  } as const;
  return { written: { type, id, ...nothing } };
}

/** The ways by which what is there may be changed. Who cannot even see it learns nothing of it. */
async function mustReach(subject: Subject, letter: Letter, room: Room): Promise<readonly Way[]> {
  const { type, id } = subject;
  const ways = await waysTo(await room.rights.reach(type, letter), subject, room.judge);
  if (ways.length > 0) return ways;
  throw (await isSeen(subject, room)) ? notAllowed(type, id, 'changed') : notFoundAs(type, id, room);
}

/** As what is not there is answered to the same caller. */
function notFoundAs(type: string, id: string, { rights }: Room): FhirError {
  if (isAppState(type, rights.caller)) return stateGone(id);
  return rights.may(type, 'c') ? unknownId(type, id) : notFound(type, id);
}

async function isSeen(subject: Subject, { rights, judge }: Room): Promise<boolean> {
  return (await waysTo(await rights.reach(subject.type, 'r'), subject, judge)).length > 0;
}

const notAllowed = (type: string, id: string, what: string): FhirError =>
  new FhirError('forbidden', `${type}/${id} may be read by you, but not ${what}`);

interface Content {
  type: string;
  id?: string;
  letter: 'c' | 'u';
  after: Resource;
  before?: Resource;
  /** the ways by which the caller sees what is there, which say what is hidden from it */
  seen?: readonly Way[];
  /** the ways by which it may change what is there */
  ways?: readonly Way[];
}

/** What will be stored: with what is hidden from the caller, and with its owner. Throws where it is not for this caller to write. */
async function contentAfter({ type, id, letter, after, before, seen, ways }: Content, room: Room): Promise<Resource> {
  const { rights, definitions, judge } = room;
  if (before && isAppState(type, rights.caller)) checkKept(before, after);
  const reach = await rights.reach(type, letter);
  const hidden = hiddenInAll(
    (seen ?? reach.ways).map((way) => way.hidden),
    type,
    definitions,
  );
  const whole = hidden ? withHiddenKept(after, before, hidden) : after;
  const owned = await withOwner({ type, after: whole, ...(before && { before }) }, room);
  const content: Subject = { type, id: id ?? '', lastUpdated: 0, resource: owned };
  const keys = keysOf(content, judge);
  const subject: Subject = { ...content, keys: keys.k, tokens: keys.t };
  const within = reach.isOpen ? reach.ways : await waysTo(reach, subject, judge);
  if (within.length === 0) {
    const message = isAppState(type, rights.caller)
      ? OUTSIDE
      : `This ${type} would be outside of what you may ${letter === 'c' ? 'create' : 'change'}`;
    throw new FhirError('forbidden', message, { expression: type });
  }
  const change = { type, after: owned, ...(before && { before }), own: await rights.ownReferences() };
  meetOne(ways ?? within, letter, change);
  if (ways) meetOne(within, letter, change);
  if (before) {
    const isInEmergency = rights.caller.breakGlass !== undefined;
    refuseFewerLabels(type, before, owned, { isInEmergency, mayDelete: rights.mayRun('meta-delete', type) });
  }
  const keysBefore = before && keysOf({ ...content, resource: before }, judge);
  await refuseOtherPatients(owned, keys, keysBefore, room);
  await refuseOtherHospitals({ letter, after: owned }, keys, keysBefore, room);
  await refuseOthersPlaces({ letter, after: owned }, before, room);
  return owned;
}

/** Of several ways it is enough to keep the conditions of one. */
function meetOne(ways: readonly Way[], letter: 'c' | 'u' | 'd', change: ContentChange): void {
  let refusal: unknown;
  for (const { writes } of ways) {
    try {
      if (writes) refuseBrokenConditions(writes, letter, change);
      return;
    } catch (error) {
      refusal ??= error;
    }
  }
  throw refusal;
}

async function withOwner(
  { type, after, before }: { type: string; after: Resource; before?: Resource },
  { rights, ownership, around }: Room,
): Promise<Resource> {
  if (ownership.sharingOf(type) === 'shared') return after;
  const { organizations: acting } = rights.caller;
  const question = {
    type,
    after,
    ...(before && { before }),
    acting,
    bound: acting.length === 0 ? [] : await rights.organizations(),
    isFree: acting.length === 0 && isEverywhere(await rights.reach(type, 'c')),
  };
  return withOwners(after, await ownersFor(question, () => around.ownersByContent(after)));
}

/** Nobody writes into the chart of a patient that it does not reach: such a patient is as one that does not exist. */
async function refuseOtherPatients(
  resource: Resource,
  after: SearchKeys,
  before: SearchKeys | undefined,
  room: Room,
): Promise<void> {
  const { rights, definitions } = room;
  const { resourceType: type } = resource;
  if (type === 'Patient') return;
  const reading = await rights.patientsByRole();
  if (isEverywhere(reading)) return;
  const known = new Set(before ? patientsNamed(definitions, type, before.k) : []);
  const named = new Set(patientsNamed(definitions, type, after.k).filter((id) => !known.has(id)));
  for (const id of named) await refuseUnreached({ type: 'Patient', id }, { reach: reading, after: resource }, room);
}

/** What will be there once all is written may be named too. */
async function refuseUnreached(
  reference: Name,
  { reach, after }: { reach: Reach; after: Resource },
  { around, judge }: Room,
): Promise<void> {
  if (isEverywhere(reach) || around.isArriving(reference)) return;
  const version = await around.read(reference);
  if (version?.bytes && (await waysTo(reach, { ...version, bytes: version.bytes }, judge)).length > 0) return;
  throw notHere(reference, after);
}

function notHere(missing: Name, content: Resource): FhirError {
  const diagnostics = `${nameOf(missing)} does not exist here`;
  const named = literalReferences(content).find((one) => nameOf(one) === nameOf(missing));
  return new FhirError('business-rule', diagnostics, {
    issues: [
      { severity: 'error', code: 'not-found', diagnostics, expression: named?.expression ?? content.resourceType },
    ],
  });
}

interface Naming {
  letter: 'c' | 'u';
  after: Resource;
}

/** A department is part of its own hospital, and staff and places are of it: what another hospital has is as what does not exist. */
async function refuseOtherHospitals(
  { letter, after }: Naming,
  keys: SearchKeys,
  keysBefore: SearchKeys | undefined,
  room: Room,
): Promise<void> {
  const { definitions, ownership } = room;
  const type = after.resourceType;
  for (const code of ownership.insideOf(type)) {
    const known = new Set(keysBefore && referredBy(code, keysBefore.k, { definitions, type }).map(nameOf));
    for (const reference of referredBy(code, keys.k, { definitions, type }))
      if (!known.has(nameOf(reference))) await refuseUnusable(reference, { letter, after }, room);
  }
}

/**
 * The hospital's rules know no callers: they would book another hospital's slot, occupy its bed and change its stock. Whoever acts for an
 * organisation names what is there for it, and all else is as what does not exist.
 */
async function refuseOthersPlaces({ letter, after }: Naming, before: Resource | undefined, room: Room): Promise<void> {
  const { by, types } = room.taken;
  if (!by.has(after.resourceType)) return;
  const known = new Set(before && literalReferences(before).map(nameOf));
  for (const reference of literalReferences(after))
    if (types.has(reference.type) && !known.has(nameOf(reference)))
      await refuseUnusable(reference, { letter, after }, room);
}

async function refuseUnusable(reference: Name, { letter, after }: Naming, room: Room): Promise<void> {
  const reach = await room.rights.usable(reference.type, { of: after.resourceType, letter });
  await refuseUnreached(reference, { reach, after }, room);
}
