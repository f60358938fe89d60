// Everything that refers to a patient by a reference that can be searched, read within the transaction that will change it: one command for each
// type that can, and each thousand resources of it.
import type { Definitions } from '../../definitions/definitions.ts';
import { parametersOf } from '../../search/index.ts';
import { everyMatch } from '../../storage/every-match.ts';
import type { Match, Transaction } from '../../storage/store.ts';

const AT_ONCE = 1000;

/** What happened, with whom it happened then: a record does not change. */
const RECORDS = new Set(['AuditEvent', 'Provenance', 'Parameters']);

export async function referringTo(
  definitions: Definitions,
  tx: Pick<Transaction, 'find'>,
  patient: string,
): Promise<Match[]> {
  const found: Match[] = [];
  for (const type of definitions.resourceTypes) {
    const keys = RECORDS.has(type) ? [] : keysTo(definitions, type, patient);
    if (keys.length === 0) continue;
    const where = { op: 'oneOf', keys } as const;
    for await (const match of everyMatch(tx, { type, where, atOnce: AT_ONCE })) found.push(match);
  }
  return found;
}

function keysTo(definitions: Definitions, type: string, patient: string): string[] {
  return parametersOf(definitions, type)
    .stored.filter(({ definition, targets }) => definition.type === 'reference' && targets.includes('Patient'))
    .map(({ code }) => `${code}|${patient}`);
}
