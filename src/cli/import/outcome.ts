// Reads what the server said about a Bundle: counts by what happened, and the reasons of what failed.
import type { Reply } from './client.ts';

export interface Counts {
  created: number;
  updated: number;
  /** conditional: it was there already, nothing was written */
  matched: number;
  failed: number;
}

export const noCounts = (): Counts => ({ created: 0, updated: 0, matched: 0, failed: 0 });

export function addCounts(total: Counts, more: Counts): void {
  total.created += more.created;
  total.updated += more.updated;
  total.matched += more.matched;
  total.failed += more.failed;
}

interface ResponseBundle {
  entry?: { response?: { status?: string; outcome?: unknown } }[];
}

export interface Verdict {
  counts: Counts;
  /** `entry[3]: what was wrong`; several at most */
  reasons: { index: number; reason: string }[];
}

/** `methods[i]` is the entry's method where it is known: a 200 to a POST means that it was there already. */
export function verdictOf({ body }: Reply, methodOf: (index: number) => string | undefined): Verdict {
  const counts = noCounts();
  const reasons: Verdict['reasons'] = [];
  for (const [index, { response }] of ((body as ResponseBundle).entry ?? []).entries()) {
    const status = Number.parseInt(response?.status ?? '', 10);
    if (status === 201) counts.created += 1;
    else if (status >= 200 && status < 300) counts[methodOf(index) === 'POST' ? 'matched' : 'updated'] += 1;
    else {
      counts.failed += 1;
      reasons.push({ index, reason: `${response?.status ?? 'no status'} ${reasonIn(response?.outcome)}` });
    }
  }
  return { counts, reasons };
}

interface Outcome {
  issue?: {
    severity?: string;
    diagnostics?: string;
    details?: { text?: string };
    code?: string;
    expression?: string[];
  }[];
}

/** The first two issues of an OperationOutcome in one line. */
export function reasonIn(body: unknown): string {
  if (typeof body === 'string') return body.slice(0, 200).split('\n')[0] ?? '';
  const issues = ((body ?? {}) as Outcome).issue ?? [];
  const said = issues.slice(0, 2).map(({ diagnostics, details, code, expression }) => {
    const where = expression?.[0] === undefined ? '' : `${expression[0]}: `;
    return `${where}${diagnostics ?? details?.text ?? code ?? ''}`;
  });
  const more = issues.length > 2 ? ` (and ${issues.length - 2} more)` : '';
  return said.join('; ') + more;
}
