// Named queues inside this process. They never decide who wins (the database does); they keep a crowd from retrying against itself.

export interface Locks {
  /** runs `work` when all `names` are free; names are taken in one order, so that two holders cannot wait for each other */
  run<T>(names: readonly string[], work: () => Promise<T>): Promise<T>;
}

export function createLocks(): Locks {
  const tails = new Map<string, Promise<unknown>>();

  function runOne<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = tails.get(name) ?? Promise.resolve();
    const mine = before.then(work);
    const settled = mine.catch(() => undefined);
    tails.set(name, settled);
    void settled.then(() => {
      if (tails.get(name) === settled) tails.delete(name);
    });
    return mine;
  }

  return {
    run(names, work) {
      const ordered = [...new Set(names)].sort().reverse();
      return ordered.reduce((inner, name) => () => runOne(name, inner), work)();
    },
  };
}
