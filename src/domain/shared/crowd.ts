// Many callers who want the same thing at the same moment (a slot, a bed, a lot's last boxes) take turns in this process, so that
// their transactions do not retry against each other. As soon as one of them finds nothing left, all who wait look again, and
// leave without a transaction. What keeps the places right is the database alone: the crowd only saves work.

export interface Crowd {
  /**
   * look: cheap and without a transaction; throws the refusal where there is nothing to win.
   * attempt: the transaction. One at a time for each name.
   */
  tryFor<T>(name: string, look: () => Promise<void>, attempt: () => Promise<T>): Promise<T>;
}

type Turn = 'yours' | 'look again';

export function createCrowd(): Crowd {
  const lines = new Map<string, ((turn: Turn) => void)[]>();

  function turn(name: string): Promise<Turn> {
    const line = lines.get(name);
    if (line !== undefined) return new Promise((resolve) => line.push(resolve));
    lines.set(name, []);
    return Promise.resolve('yours');
  }

  function pass(name: string, isOver: boolean): void {
    const line = lines.get(name)!;
    if (isOver) {
      lines.delete(name);
      for (const resolve of line) resolve('look again');
      return;
    }
    const next = line.shift();
    if (next === undefined) lines.delete(name);
    else next('yours');
  }

  const fails = (look: () => Promise<void>): Promise<boolean> =>
    look().then(
      () => false,
      () => true,
    );

  return {
    async tryFor(name, look, attempt) {
      for (;;) {
        await look();
        if ((await turn(name)) === 'look again') continue;
        try {
          const won = await attempt();
          pass(name, false);
          return won;
        } catch (error) {
          pass(name, await fails(look));
          throw error;
        }
      }
    },
  };
}
