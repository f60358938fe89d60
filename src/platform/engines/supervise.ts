// Keeps an engine running: one that ends by itself is started again on the same port, and clients reconnect by themselves.
import { sleep, systemClock } from '../clock/clock.ts';
import type { Child } from './child.ts';

export interface SuperviseOptions {
  name: string;
  /** starts the engine and settles when it answers */
  start: () => Promise<Child>;
  report: (line: string) => void;
  /** it ended too often: nothing more is tried */
  onLost: (reason: string) => void;
}

export interface Supervised {
  /** process id of the engine as it runs now */
  pid(): number;
  stop(): Promise<void>;
}

const MOST_RESTARTS = 5;
const WINDOW_MS = 60_000;

export async function supervise({ name, start, report, onLost }: SuperviseOptions): Promise<Supervised> {
  let child = await start();
  let stopping = false;
  let restarting: Promise<void> | undefined;
  let endings: number[] = [];

  const watch = (): void => {
    void child.ended.then(({ code, signal }) => {
      if (stopping) return;
      restarting = restart(signal ?? `code ${code}`).finally(() => {
        restarting = undefined;
      });
    });
  };

  const restart = async (how: string): Promise<void> => {
    const now = systemClock();
    endings = [...endings.filter((time) => now - time < WINDOW_MS), now];
    if (endings.length > MOST_RESTARTS) return onLost(`${name} ended ${endings.length} times within a minute (${how})`);
    report(`${name} ended (${how}); starting it again`);
    await sleep(200 * (endings.length - 1));
    if (stopping) return;
    try {
      child = await start();
    } catch (error) {
      // Killed again before it answered: that is one more ending, not the last one.
      return stopping ? undefined : restart((error as Error).message);
    }
    if (stopping) await child.stop();
    else watch();
  };

  watch();
  return {
    pid: () => child.identity.pid,
    stop: async () => {
      stopping = true;
      await restarting;
      await child.stop();
    },
  };
}
