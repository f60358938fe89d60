// The audit trail: what was done by whom is written down before it is answered (journal.ts), kept in the database as a chain that shows
// changes (chain.ts), and found as AuditEvents (with-audit-events.ts). docs/audit.md, docs/adr/0022
import type { KeyExtractor } from '../model/keys.ts';
import type { Store } from '../storage/store.ts';
import { type JournalDeps, openJournal } from './journal.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { keepFor } from './retention.ts';
import { type Checked, verify } from './verify.ts';
import { withAuditEvents } from './with-audit-events.ts';

export type { Recorder, Request, SignInEvent } from './recorder.ts';

export interface AuditDeps extends JournalDeps {
  extractor: KeyExtractor;
  /** records older than this are removed; undefined: never */
  retentionDays?: number | undefined;
}

export interface Audit {
  recorder(store: Pick<Store, 'read' | 'vread'>): Recorder;
  /** the store with the AuditEvents of the log among its resources */
  withEvents<S extends Store>(store: S): S;
  /** what this process wrote down is in the database */
  carry(): Promise<void>;
  /** the whole log, what this process wrote down just now included */
  verify(onChain: (checked: number, all: number) => Promise<void>): Promise<Checked>;
  close(): Promise<void>;
}

export async function createAudit(deps: AuditDeps): Promise<Audit> {
  const { log, key, extractor, now, retentionDays } = deps;
  await log.prepare();
  const journal = await openJournal(deps);
  const retention = retentionDays === undefined ? undefined : keepFor(retentionDays, { ...deps, journal });
  return {
    recorder: (store) => createRecorder({ journal, store, now }),
    withEvents: (store) => withAuditEvents(store, { log, extractor, carry: journal.carry }),
    carry: journal.carry,
    async verify(onChain) {
      await journal.carry();
      return verify(log, key, [], onChain);
    },
    async close() {
      await retention?.stop();
      await journal.close();
    },
  };
}
