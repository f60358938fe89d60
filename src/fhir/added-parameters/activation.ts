// Search parameters that are posted, or come in packages, become searchable here: judged, written down for all server processes, their keys
// made in the background, then searched by; and undone when they go. docs/adr/0015-search-parameters-at-run-time.md tells the steps.
import type { Canonicals } from '../conformance/canonicals.ts';
import type { LiveDefinitions } from '../definitions/live.ts';
import type { SlimParameter } from '../definitions/slim.ts';
import { FhirError } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import { judgeParameter } from '../search/index.ts';
import type { KeyView } from '../storage/mongo/key-view.ts';
import type { ParameterState, ParameterStates, Revision } from '../storage/mongo/parameter-states.ts';
import type { ReextractOptions, ReextractResult } from '../storage/mongo/reextract.ts';
import type { ParameterSource } from './source.ts';

export interface ActivationDeps {
  live: LiveDefinitions;
  states: ParameterStates;
  view: KeyView;
  store: {
    outdatedTypes(): Promise<readonly string[]>;
    staleTypes(): readonly string[];
    reextract(options: ReextractOptions): Promise<ReextractResult>;
    /** about how many resources there are */
    sizeOf(type: string): Promise<number>;
  };
  /** what the SearchParameters of users and packages say now */
  source: ParameterSource;
  canonicals: Pick<Canonicals, 'onChange'>;
  logger: Logger;
}

interface Logger {
  info(message: string, details?: Record<string, unknown>): void;
  error(message: string, details?: Record<string, unknown>): void;
}

export interface ParameterStatus {
  /** `indexing`, `active`, `retiring`; or why there is nothing to search by */
  state: 'indexing' | 'active' | 'retiring' | 'published' | 'answered' | 'inactive' | 'refused';
  progress?: { done: number; all: number };
  /** types that have keys for it */
  types: readonly string[];
  /** type → URL of the parameter that answers there */
  answered: ReadonlyMap<string, string>;
  /** why it is refused */
  reasons: readonly string[];
}

export interface Activation {
  /** before the store is used: the parameters as they are now */
  load(): Promise<void>;
  /** from then on looks for changes of other processes, and does what is to be done */
  start(): void;
  /** throws what makes it unfit to be searched by */
  check(resource: Resource): void;
  /** what was written or loaded under these URLs counts from now on */
  changed(urls: readonly string[]): Promise<void>;
  /** the same for everything there is */
  changedAll(): Promise<void>;
  statusOf(resource: Resource): Promise<ParameterStatus>;
  close(): Promise<void>;
}

const LOOK_MS = 1_000;
const WAIT_MS = 100;
const REPORT_MS = 500;

export function createActivation(deps: ActivationDeps): Activation {
  const { live, states, view, store, source, canonicals, logger } = deps;
  const stop = new AbortController();
  const isClosed = (): boolean => stop.signal.aborted;
  let known = -1;
  let shown: ParameterState[] = [];
  /** by URL; the definitions hold them, so that messages tell how far it is */
  const progress = new Map<string, ParameterState['progress']>();
  let unsubscribe: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let refreshing: Promise<unknown> = Promise.resolve();
  let looking: Promise<void> = Promise.resolve();
  let working: Promise<void> | undefined;
  /** keys may be missing or too many somewhere */
  let isWorkLeft = true;

  /** One after the other: what was read later must not be undone by what was read before. */
  function refresh(): Promise<Revision> {
    const mine = refreshing.then(readChanges);
    refreshing = mine.catch(() => undefined);
    return mine;
  }

  view.lookBy(refresh);

  /** The revision first: what is read after it is at least as new. */
  async function readChanges(): Promise<Revision> {
    const askedAt = performance.now();
    const now = await states.revision();
    view.confirm(askedAt);
    const hasChanged = now.revision !== known;
    if (!hasChanged && shown.every(({ phase }) => phase !== 'indexing')) return now;
    const list = await states.list();
    for (const { url, progress: seen } of list) Object.assign(progressOf(url), seen);
    if (!hasChanged) return now;
    shown = list;
    known = now.revision;
    isWorkLeft = true;
    live.set(
      list.map(({ url, phase, parameter }) => ({
        parameter,
        isSearchable: phase === 'live',
        progress: progressOf(url),
      })),
    );
    const heard = known;
    void view.advance().then(() => states.acknowledge(heard).catch(() => undefined));
    return now;
  }

  function progressOf(url: string): ParameterState['progress'] {
    const found = progress.get(url) ?? { done: 0, all: 0 };
    progress.set(url, found);
    return found;
  }

  /** One after the other, and never twice at once. */
  function look(): Promise<void> {
    looking = looking.then(async () => {
      if (isClosed()) return;
      const { revision, settled } = await refresh();
      if ((isWorkLeft || settled < revision) && !working) {
        working = work()
          .catch((error: unknown) => logger.error('search keys could not be made', { error: String(error) }))
          .finally(() => {
            working = undefined;
          });
      }
    });
    return looking;
  }

  /** What is to be searched by, where that is something new. */
  function addedBy(resource: Resource): SlimParameter | undefined {
    const verdict = judgeParameter(live.definitions, resource);
    return verdict.kind === 'added' && Object.keys(verdict.parameter.on).length > 0 ? verdict.parameter : undefined;
  }

  async function changed(urls: readonly string[]): Promise<void> {
    for (const url of new Set(urls)) while (!(await bring(url)));
    await refresh();
    if (timer) void look().catch(() => undefined);
  }

  /**
   * What is written down about it in line with what the resource says; false where it is to be looked at again. What is written down is
   * read first: who reads the resource before somebody changes it, and what is written down after that, would take the change back.
   */
  async function bring(url: string): Promise<boolean> {
    await refresh();
    const state = await states.find(url);
    const resource = await source.find(url);
    const wanted = resource && addedBy(resource);
    if (!state) {
      // the resource may have gone before this was there to be found
      if (wanted) await states.add(url, wanted);
      return !wanted;
    }
    const { phase, parameter, next } = state;
    if (!wanted) return phase === 'retiring' && !next ? true : states.change(state, { phase: 'retiring', parameter });
    const isSame = JSON.stringify(parameter) === JSON.stringify(wanted);
    if (phase === 'retiring') {
      if (isSame) return states.change(state, { phase: 'indexing', parameter });
      if (next && JSON.stringify(next) === JSON.stringify(wanted)) return true;
    } else if (isSame) return true;
    return states.change(state, { phase: 'retiring', parameter, next: wanted });
  }

  /** Every URL that has a state or should have one. */
  async function changedAll(): Promise<void> {
    await changed((await states.list()).map(({ url }) => url));
    for (let found = 0, before = -1; found > before; ) {
      // a composite is known as one only after its components
      before = found;
      const wanted: string[] = [];
      for await (const resource of source.all()) if (addedBy(resource)) wanted.push(resource.url as string);
      found = wanted.length;
      await changed(wanted);
    }
  }

  async function work(): Promise<void> {
    if (!(await states.claimWork())) return;
    try {
      while (!isClosed() && (await step())) await states.claimWork();
    } finally {
      await states.releaseWork();
    }
  }

  /** One thing that is to be done; false where there is none. */
  async function step(): Promise<boolean> {
    const { revision, settled } = await refresh();
    if (settled < revision || store.staleTypes().length > 0) {
      // an older release beside this one hears nothing, so that its end is waited for
      while (!(await states.isHeardByAll(revision))) {
        if (isClosed()) return false;
        await pause(WAIT_MS);
        await refresh();
        await states.claimWork();
      }
      await states.settle(revision);
    }
    const retiring = shown.find(({ phase, since }) => phase === 'retiring' && since <= revision);
    if (retiring) {
      await retire(retiring);
      return true;
    }
    isWorkLeft = false;
    const outdated = await store.outdatedTypes();
    const indexing = shown.filter(({ phase, since }) => phase === 'indexing' && since <= revision);
    if (outdated.length > 0) {
      await makeKeys(outdated, indexing, revision);
      if (isClosed()) return false;
    }
    const { revision: now } = await refresh();
    if (now !== revision) return true;
    const left = await store.outdatedTypes();
    const complete = indexing.filter(({ parameter }) => left.every((type) => parameter.on[type] === undefined));
    for (const state of complete) {
      if (!(await states.change(state, { phase: 'live', parameter: state.parameter }))) continue;
      logger.info('a search parameter is searchable', { url: state.url, types: Object.keys(state.parameter.on) });
    }
    return complete.length > 0;
  }

  async function retire(state: ParameterState): Promise<void> {
    const { url, next } = state;
    const isDone = next ? await states.change(state, { phase: 'indexing', parameter: next }) : await states.drop(state);
    if (!isDone) return;
    if (!next) logger.info('a search parameter is gone', { url });
    // another that was refused for its code, or answered by this one, may have its turn
    await changedAll();
  }

  async function makeKeys(
    outdated: readonly string[],
    indexing: readonly ParameterState[],
    revision: number,
  ): Promise<void> {
    const isWaitedFor = (type: string): boolean => indexing.some(({ parameter }) => parameter.on[type] !== undefined);
    const stale = new Set(store.staleTypes());
    const rank = (type: string): number => (stale.has(type) ? 2 : 0) + (isWaitedFor(type) ? 1 : 0);
    const types = [...outdated].sort((a, b) => rank(b) - rank(a));
    const sizes = new Map(await Promise.all(types.map(async (type) => [type, await store.sizeOf(type)] as const)));
    const done = new Map<string, number>();
    const report = async (): Promise<void> => {
      for (const { url, parameter } of indexing) {
        const own = types.filter((type) => parameter.on[type] !== undefined);
        const sum = (of: ReadonlyMap<string, number>): number =>
          own.reduce((all, type) => all + (of.get(type) ?? 0), 0);
        const all = sum(sizes);
        await states.report([url], { done: Math.min(sum(done), all), all });
      }
    };
    const stopped = new AbortController();
    const signal = AbortSignal.any([stop.signal, stopped.signal]);
    await report();
    let reportedAt = performance.now();
    logger.info('search keys are made anew in the background', { types });
    for (const type of types) {
      const { documents, failed } = await store.reextract({
        types: [type],
        signal,
        async progress(seen) {
          done.set(type, seen.done);
          sizes.set(type, Math.max(sizes.get(type) ?? 0, seen.all));
          if (performance.now() - reportedAt < REPORT_MS) return;
          reportedAt = performance.now();
          await report();
          await states.claimWork();
          // what is new is begun together with the rest
          if ((await refresh()).revision !== revision) stopped.abort();
        },
      });
      if (failed.length > 0) logger.error('some resources could not be read', { failed: failed.slice(0, 20) });
      if (documents > 0) logger.info('search keys are up to date', { type, documents });
      done.set(type, sizes.get(type) ?? 0);
      if (signal.aborted) return;
    }
  }

  return {
    async load() {
      await states.prepare();
      await refresh();
    },
    start() {
      timer = setInterval(() => void look().catch(() => undefined), LOOK_MS);
      timer.unref();
      const told = (error: unknown): void =>
        logger.error('search parameters could not be looked through', { error: String(error) });
      unsubscribe = canonicals.onChange((changes) => {
        const urls = changes.filter(({ type }) => type === 'SearchParameter').map(({ url }) => url);
        if (urls.length > 0) changed(urls).catch(told);
      });
      changedAll().catch(told);
    },
    check(resource) {
      const verdict = judgeParameter(live.definitions, resource);
      if (verdict.kind === 'refused')
        throw new FhirError('business-rule', 'The search parameter cannot be searched by', { issues: verdict.issues });
    },
    changed,
    changedAll,
    async statusOf(resource) {
      const verdict = judgeParameter(live.definitions, resource);
      await refresh();
      const state = shown.find(({ url }) => url === resource.url);
      const answered = verdict.kind === 'added' ? verdict.answered : new Map<string, string>();
      const reasons = verdict.kind === 'refused' ? verdict.issues.map(({ diagnostics }) => diagnostics) : [];
      if (!state) {
        const kind = verdict.kind === 'added' ? (answered.size > 0 ? 'answered' : 'indexing') : verdict.kind;
        return { state: kind, types: [], answered, reasons };
      }
      const types = Object.keys(state.parameter.on);
      if (state.phase === 'live') return { state: 'active', types, answered, reasons };
      return { state: state.phase, types, answered, reasons, progress: { ...progressOf(state.url) } };
    },
    async close() {
      stop.abort();
      unsubscribe?.();
      clearInterval(timer);
      await looking.catch(() => undefined);
      await working;
    },
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
