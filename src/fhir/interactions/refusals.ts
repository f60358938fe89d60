// All that is wrong with the entries of a transaction, collected so that the client learns everything at once.
import { FhirError, type Issue } from '../model/errors.ts';
import { atEntry } from './bundle-entry.ts';

/** More than this helps nobody, and an outcome of thousands of issues would be a load of its own. */
const MOST = 200;

export interface Refusals {
  /** only a FhirError is a refusal; anything else is thrown on */
  add(error: unknown, index: number): void;
  /** runs `work` and keeps its refusal; undefined if it was refused */
  attempt<T>(index: number, work: () => T): T | undefined;
  throwIfAny(): void;
}

export function createRefusals(): Refusals {
  const refused: FhirError[] = [];
  function add(error: unknown, index: number): void {
    if (!(error instanceof FhirError)) throw error;
    refused.push(atEntry(error, index) as FhirError);
  }
  return {
    add,
    attempt(index, work) {
      try {
        return work();
      } catch (error) {
        add(error, index);
        return undefined;
      }
    },
    throwIfAny() {
      const [first] = refused;
      if (first === undefined) return;
      // what cannot be understood outweighs what cannot be done
      const { kind, headers, message } = refused.find(({ status }) => status === 400) ?? first;
      throw new FhirError(kind, `${refused.length} entries refused, the first: ${message}`, {
        issues: withinLimit(refused.flatMap(({ issues }) => issues)),
        headers,
      });
    },
  };
}

function withinLimit(issues: readonly Issue[]): Issue[] {
  if (issues.length <= MOST) return [...issues];
  const diagnostics = `${issues.length - MOST} more problems are not listed`;
  return [...issues.slice(0, MOST), { severity: 'information', code: 'informational', diagnostics }];
}
