// POST [base] with a transaction: all entries or none. https://hl7.org/fhir/R4/http.html#trules
// What needs no database is in transaction-plan.ts; what follows runs inside the store's transaction, again if it meets another one.
import { FhirError } from '../model/errors.ts';
import { matches } from '../model/matches.ts';
import { outcomeOf } from '../model/outcome.ts';
import type { Predicate } from '../model/predicate.ts';
import { nameOf } from '../model/references.ts';
import { createKeyExtractor } from '../search/index.ts';
import { beyond, withBeyond } from '../storage/beyond.ts';
import type { Match, Store, Transaction } from '../storage/store.ts';
import { atEntry, callOf, type Entry, issueAt } from './bundle-entry.ts';
import type { Answer, Call, Dispatch } from './call.ts';
import type { Grammar } from './grammar.ts';
import { readPreferReturn } from './headers.ts';
import { type Hits, keyOf, lookUp } from './look-up.ts';
import { planned } from './look-ups.ts';
import type { InteractionParts } from './parts.ts';
import { checkItems } from './profiles.ts';
import { literalReferences, referencesKept, refuseDeleteOfReferenced } from './references.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import { withId } from './resource-body.ts';
import { type EntryAnswer, writeResponseBundle } from './response-bundle.ts';
import { type Decision, decide, refuseEqualIdentities, refuseUnexpectedVersions } from './transaction-decide.ts';
import { type Item, type Plan, planTransaction } from './transaction-plan.ts';

export interface BundleParts extends Pick<InteractionParts, 'engine' | 'validate' | 'access'> {
  grammar: Grammar;
  dispatch: Dispatch;
}

export type RunBundle = (call: Call, entries: readonly unknown[]) => Promise<Answer>;

/** So many writes go to the store at once: the bytes of a very large Bundle are never all in memory a second time. */
const WRITES_AT_ONCE = 1000;

export const createTransaction = (parts: BundleParts): RunBundle => {
  const { definitions, settings } = parts.engine;
  const extractor = createKeyExtractor(definitions, settings);

  return async (call, entries) => {
    const plan = await planned(parts.engine, call, (lookups) =>
      planTransaction({ ...parts, lookups }, parts.grammar, call, entries),
    );
    const findings = await checkItems(parts.engine, plan, call, entries);
    const answers = await call.store.transaction((tx) => perform(plan, tx, call), { expected: plan.expected });
    for (const [index, issues] of findings)
      answers[index] = { ...answers[index]!, outcome: outcomeOf([...issues, ...(answers[index]!.warnings ?? [])]) };
    return { status: 200, body: writeResponseBundle('transaction-response', answers, call.base) };
  };

  async function perform(plan: Plan, tx: Transaction, call: Call): Promise<EntryAnswer[]> {
    const { items, calls, links, references } = plan;
    const refusals = createRefusals();
    const criteria = items.flatMap((item) => item.criteria ?? []);
    const hits = await lookUp(tx, [...criteria, ...references.values()]);
    const decided = items.map((item) => refusals.attempt(item.entry.index, () => decide(item, hits)));
    refusals.throwIfAny();
    const decisions = decided as Decision[];
    await refuseUnexpectedVersions(decisions, tx, refusals);
    refuseEqualIdentities(decisions, calls, refusals);
    refusals.throwIfAny();

    const addresses = new Map(plan.fixed);
    for (const { item, id } of decisions) {
      if (item.entry.fullUrl !== undefined) addresses.set(item.entry.fullUrl, `${item.type}/${id}`);
    }
    links.rewrite(addresses);
    resolveConditional(plan, decisions, hits, refusals);
    refusals.throwIfAny();
    if (settings.checkReferences) await refuseBroken(decisions, tx, call.base, refusals);
    refusals.throwIfAny();

    const answers: EntryAnswer[] = new Array(plan.count);
    await writeAll(decisions, tx, call, answers);
    for (const { item, id } of decisions) {
      if (item.kind !== 'delete' || !settings.refuseDeleteOfReferenced || id === '') continue;
      await named(item.entry, () => refuseDeleteOfReferenced(parts.engine, tx, { type: item.type, id }));
    }
    const store = storeOf(tx, call.store);
    for (const entry of calls) {
      const answer = await named(entry, () => parts.dispatch(callOf(entry, { ...call, store })));
      answers[entry.index] = presented(answer, entry, call);
    }
    return answers;
  }

  /** Candidates are what the database holds, without what this Bundle changes, and what this Bundle writes. */
  function resolveConditional(plan: Plan, decisions: readonly Decision[], hits: Hits, refusals: Refusals): void {
    if (plan.references.size === 0) return;
    const types = new Set([...plan.references.values()].map(({ type }) => type));
    const touched = decisions.filter(({ item, write }) => write !== undefined && types.has(item.type));
    const changed = new Set(touched.map(({ item, id }) => `${item.type}/${id}`));
    const arriving = touched
      .filter(({ item }) => item.resource !== undefined)
      .map(({ item, id }) => ({ type: item.type, id, keys: extractor.extract(withId(item.resource!, id)) }));
    const lastUpdated = parts.engine.now();
    const targets = new Map<string, readonly string[]>();
    for (const [text, wanted] of plan.references) {
      const stored = (hits.get(keyOf(wanted)) ?? []).filter(({ id }) => !changed.has(`${wanted.type}/${id}`));
      const written = arriving.filter(
        ({ type, id, keys }) =>
          type === wanted.type && isLocal(wanted.where) && matches(wanted.where, keys, { id, lastUpdated }),
      );
      targets.set(
        text,
        [...stored, ...written].map(({ id }) => `${wanted.type}/${id}`),
      );
    }
    for (const { text, parent, entry, expression } of plan.links.conditional) {
      const [target, ...others] = targets.get(text)!;
      if (target !== undefined && others.length === 0) parent.reference = target;
      else refusals.add(target === undefined ? noMatch(text, expression) : manyMatches(text, expression), entry);
    }
  }
};

const noMatch = (text: string, expression: string): FhirError => {
  const diagnostics = `No resource meets ${text}`;
  return new FhirError('invalid', diagnostics, {
    issues: [{ severity: 'error', code: 'not-found', diagnostics, expression }],
  });
};

const manyMatches = (text: string, expression: string): FhirError =>
  new FhirError('multiple-matches', `Several resources meet ${text}; it must choose one`, { expression });

/** Chains need the database: inside a Bundle that is still being written they see only what is stored. */
function isLocal(predicate: Predicate): boolean {
  if (predicate.op === 'linked' || predicate.op === 'linkedFrom') return false;
  if (predicate.op === 'not') return isLocal(predicate.of);
  return predicate.op === 'and' || predicate.op === 'or' ? predicate.of.every(isLocal) : true;
}

async function refuseBroken(
  decisions: readonly Decision[],
  tx: Transaction,
  base: string,
  refusals: Refusals,
): Promise<void> {
  const arriving = new Set(
    decisions.filter(({ item }) => item.kind !== 'delete').map(({ item, id }) => `${item.type}/${id}`),
  );
  const asked = decisions.flatMap(({ write, item, id: by }) =>
    write === undefined || write.kind === 'delete'
      ? []
      : literalReferences(write.resource, base).map((reference) => ({ ...reference, item, by })),
  );
  const open = asked.filter((reference) => !arriving.has(nameOf(reference)));
  const distinct = new Map(open.map(({ type, id }) => [`${type}/${id}`, { type, id }]));
  const versions = await tx.readMany([...distinct.values()]);
  const present = new Set([...distinct.keys()].filter((_, position) => versions[position]?.bytes));
  const missing = open.filter((reference) => !present.has(nameOf(reference)));
  const referring = new Map(missing.map(({ item, by }) => [`${item.type}/${by}`, { type: item.type, id: by }]));
  const kept = await referencesKept([...referring.values()], tx, base);
  for (const { item, by, expression, ...reference } of missing) {
    if (kept.get(`${item.type}/${by}`)?.has(nameOf(reference))) continue;
    refusals.add(
      new FhirError('business-rule', `${nameOf(reference)} does not exist here`, { expression }),
      item.entry.index,
    );
  }
}

const ORDER = ['delete', 'create', 'update'] as const;

async function writeAll(
  decisions: readonly Decision[],
  tx: Transaction,
  call: Call,
  answers: EntryAnswer[],
): Promise<void> {
  const prefers = readPreferReturn(call.headers.prefer);
  for (const { item, write, existing } of decisions) {
    if (write === undefined) answers[item.entry.index] = unwritten(item, existing, prefers === 'representation');
  }
  const inOrder = ORDER.flatMap((kind) =>
    decisions.filter(({ item, write }) => item.kind === kind && write !== undefined),
  );
  for (let start = 0; start < inOrder.length; start += WRITES_AT_ONCE) {
    const some = inOrder.slice(start, start + WRITES_AT_ONCE);
    const written = await tx.write(some.map(({ write }) => write!)).catch((error: unknown) => {
      const culprit = error instanceof FhirError ? some.find(({ write }) => write === error.about) : undefined;
      throw culprit === undefined ? error : atEntry(error, culprit.item.entry.index);
    });
    for (const [position, { item, write }] of some.entries()) {
      const { type, id, version, lastUpdated, bytes, created, changed, findings } = written[position]!;
      if (write!.kind === 'create' && !created) {
        // references to it are already written: only a new try can make them right
        throw new FhirError('transient', `An equal ${type} was created at the same time; please try again`);
      }
      const status = item.kind === 'delete' ? 204 : created ? 201 : 200;
      const location = item.kind === 'delete' ? {} : { location: `${type}/${id}/_history/${version}` };
      const body = prefers === 'representation' && bytes !== null ? { body: bytes } : {};
      const { index } = item.entry;
      const warnings = findings?.map((issue) => issueAt(issue, index));
      const told = warnings === undefined ? {} : { warnings, outcome: outcomeOf(warnings) };
      answers[index] = { status, ...location, ...body, ...(changed ? { version, lastUpdated } : {}), ...told };
    }
  }
}

function unwritten({ type }: Item, existing: Match | undefined, isWanted: boolean): EntryAnswer {
  if (existing === undefined) return { status: 204 };
  const { id, version, lastUpdated, bytes } = existing;
  const location = `${type}/${id}/_history/${version}`;
  return { status: 200, location, version, lastUpdated, ...(isWanted ? { body: bytes } : {}) };
}

async function named<T>(entry: Entry, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw atEntry(error, entry.index);
  }
}

/** Reads, searches, patches and operations of a transaction see what it wrote; what they write belongs to it. */
function storeOf(tx: Transaction, store: Store): Store {
  const inside = (of: Transaction, outside: Store): Store => ({
    ...outside,
    read: of.read,
    readMany: of.readMany,
    find: of.find,
    write: async (change) => (await of.write([change]))[0]!,
    transaction: (work) => work(of),
  });
  return withBeyond(inside(tx, store), () => inside(beyond(tx), beyond(store)));
}

/** A write's resource is sent only where the client prefers it; what was asked for is always sent. */
export function presented(answer: Answer, { method, target, index }: Entry, outer: Call): EntryAnswer {
  const findings = [...(answer.findings ?? []), ...(answer.warnings ?? [])];
  const told = findings.length === 0 ? {} : { outcome: outcomeOf(findings.map((issue) => issueAt(issue, index))) };
  const isAsked = target.kind === 'operation' || method === 'GET';
  if (isAsked || readPreferReturn(outer.headers.prefer) === 'representation') return { ...answer, ...told };
  const { body: _, ...rest } = answer;
  return { ...rest, ...told };
}
