// Which search parameters this process makes keys for, and what of its writes is still in work with those it made keys for before. Other
// processes count on both (docs/adr/0015-search-parameters-at-run-time.md).
import { FhirError } from '../../model/errors.ts';

/** what was begun is written */
export type Leave = () => void;

export interface KeyView {
  /**
   * Before keys are made; the result after they are written. A process that was too busy to look for changes looks now, and refuses
   * only where that fails.
   */
  enter(): Leave | Promise<Leave>;
  /** how to look: it confirms */
  lookBy(look: () => Promise<unknown>): void;
  /** the database was asked at this time (performance.now), and this process knows all changes until then */
  confirm(askedAt: number): void;
  /** other keys are made from now on; resolves when nothing made before is in work any more */
  advance(): Promise<void>;
}

/** Other processes take one that was silent for 30 s for dead (parameter-states.ts); until then its writes must have ended. */
const TRUSTED_MS = 20_000;

/** @param now ms of a clock that is never set: performance.now */
export function createKeyView(now = (): number => performance.now()): KeyView {
  let generation = 0;
  let confirmedAt = now();
  const inWork = new Map<number, number>();
  let look: () => Promise<unknown> = async () => undefined;
  let waiting: { until: number; done: () => void }[] = [];

  const isDrained = (until: number): boolean => [...inWork.keys()].every((one) => one >= until);

  function settle(): void {
    const done = waiting.filter(({ until }) => isDrained(until));
    waiting = waiting.filter((one) => !done.includes(one));
    for (const one of done) one.done();
  }

  const isTrusted = (): boolean => now() - confirmedAt <= TRUSTED_MS;

  function begin(): Leave {
    const mine = generation;
    inWork.set(mine, (inWork.get(mine) ?? 0) + 1);
    return () => {
      const left = inWork.get(mine)! - 1;
      if (left > 0) inWork.set(mine, left);
      else inWork.delete(mine);
      if (waiting.length > 0) settle();
    };
  }

  async function lookFirst(): Promise<Leave> {
    let cause: unknown;
    await look().catch((error: unknown) => {
      cause = error;
    });
    if (isTrusted()) return begin();
    throw new FhirError('transient', 'This server has not heard from its database for a while; try again', {
      headers: { 'Retry-After': '1' },
      cause,
    });
  }

  return {
    enter: () => (isTrusted() ? begin() : lookFirst()),
    lookBy(given) {
      look = given;
    },
    confirm(askedAt) {
      confirmedAt = Math.max(confirmedAt, askedAt);
    },
    advance() {
      const until = ++generation;
      return new Promise((done) => {
        waiting.push({ until, done });
        settle();
      });
    },
  };
}
