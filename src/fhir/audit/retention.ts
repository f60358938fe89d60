// Removes what is older than the time it must be kept. A mark, made with the key, says where the chain begins now; and the removal is
// itself on record.
import type { AuditLog } from '../storage/audit-log.ts';
import { hashOf } from './chain.ts';
import type { Journal } from './journal.ts';
import type { Head } from './record.ts';

export interface RetentionDeps {
  log: AuditLog;
  key: Buffer;
  now: () => number;
  journal: Pick<Journal, 'write' | 'chain'>;
  logger: { warn(message: string, fields?: Record<string, unknown>): void };
}

const DAY_MS = 86_400_000;
const EVERY_MS = 6 * 3_600_000;

export const markOf = (key: Buffer, { chain, n, hash }: Head): string => hashOf(key, 'pruned', `${chain} ${n} ${hash}`);

export async function prune(before: number, { log, key, journal }: RetentionDeps): Promise<Head[]> {
  const pruned: Head[] = [];
  for (const { chain, last: n, hash } of await log.endedBefore(before)) {
    const head = { chain, n, hash };
    await log.prune(chain, { n, hash, mark: markOf(key, head) });
    pruned.push(head);
  }
  if (pruned.length > 0) await journal.write([{ kind: 'log', code: 'prune', status: 200, address: '', heads: pruned }]);
  return pruned;
}

export function keepFor(days: number, deps: RetentionDeps): { stop(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve();
  const run = (): void => {
    running = prune(deps.now() - days * DAY_MS, deps).catch((error: unknown) =>
      deps.logger.warn('old records of the audit log could not be removed', { error: String(error) }),
    );
  };
  const timer = setInterval(run, EVERY_MS);
  timer.unref();
  run();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
