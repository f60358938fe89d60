// Which search parameters this process makes keys for, and what of its writes is still in work with those it made keys for before. Other
// processes count on both (docs/adr/0015-search-parameters-at-run-time.md).
import { FhirError } from '../../model/errors.ts';

export interface KeyView {
  /** Before keys are made; the result after they are written. Refuses where this process has not looked for changes for too long. */
  enter(): () => void;
  /** the database was asked, and this process knows all changes until now */
  confirm(): void;
  /** other keys are made from now on; resolves when nothing made before is in work any more */
  advance(): Promise<void>;
}

/** Other processes take one that was silent for 30 s for dead (parameter-states.ts); until then its writes must have ended. */
const TRUSTED_MS = 20_000;

export function createKeyView(): KeyView {
  let generation = 0;
  let confirmedAt = performance.now();
  const inWork = new Map<number, number>();
  let waiting: { until: number; done: () => void }[] = [];

  const isDrained = (until: number): boolean => [...inWork.keys()].every((one) => one >= until);

  function settle(): void {
    const done = waiting.filter(({ until }) => isDrained(until));
    waiting = waiting.filter((one) => !done.includes(one));
    for (const one of done) one.done();
  }

  return {
    enter() {
      if (performance.now() - confirmedAt > TRUSTED_MS)
        throw new FhirError('transient', 'This server has not heard from its database for a while; try again', {
          headers: { 'Retry-After': '1' },
        });
      const mine = generation;
      inWork.set(mine, (inWork.get(mine) ?? 0) + 1);
      return () => {
        const left = inWork.get(mine)! - 1;
        if (left > 0) inWork.set(mine, left);
        else inWork.delete(mine);
        if (waiting.length > 0) settle();
      };
    },
    confirm() {
      confirmedAt = performance.now();
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
