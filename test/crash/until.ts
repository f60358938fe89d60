// Waits for what must come; a test that waits in vain ends with an error, not with its process.
import { sleep } from '../../src/platform/clock/clock.ts';

export async function until(
  what: string,
  isMet: () => boolean | Promise<boolean>,
  { withinMs = 60_000, everyMs = 5 } = {},
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isMet())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain for ${what}`);
    await sleep(everyMs);
  }
}
