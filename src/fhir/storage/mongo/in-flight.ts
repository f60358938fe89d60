// `u` (meta.lastUpdated) is set before a write is acknowledged, so a reader by time can see a later version before an earlier
// one. Readers who must miss nothing (`_since`, export, feeds) stop at `settledBefore`: below it nothing of this process is still in
// flight. Other processes may hold a transaction open for up to transactionLifetimeLimitSeconds: across processes a reader trails by that,
// or reads change streams instead.

export interface InFlight {
  /** the time to write: now, but later than the version before */
  begin(after: number): { time: number; end: () => void };
  settledBefore(): number;
}

export function createInFlight(now: () => number): InFlight {
  // in order of beginning; times are nearly so
  const open = new Set<{ time: number }>();
  return {
    begin(after) {
      const entry = { time: Math.max(now(), after + 1) };
      open.add(entry);
      return { time: entry.time, end: () => open.delete(entry) };
    },
    settledBefore() {
      let earliest = now();
      for (const { time } of open) if (time < earliest) earliest = time;
      return earliest;
    },
  };
}
