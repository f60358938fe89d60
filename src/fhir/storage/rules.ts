// Hospital rules on writes. They hold for every way in (REST, patch, Bundle, operations), because they wrap the store itself:
// with-rules.ts applies them. One rule is one file `*.rule.ts` whose default export is `defineRule({ … })`.
import type { Resource } from '../model/resource.ts';
import type { Transaction, Write } from './store.ts';

/** One resource before and after; `before` is absent on creation, `after` on deletion. */
export interface Change {
  type: string;
  id: string;
  before?: Resource;
  after?: Resource;
}

/**
 * A rule sees every change of its types inside the transaction that makes it, before it is written. It throws a FhirError to refuse,
 * changes places (slots, beds, stock) by guarded updates, and returns further writes that belong to the same fact (a Slot's status).
 *
 * - `tx` shows every write that comes before this change, also those of the same Bundle; what it writes is subject to the rules too.
 * - Returned writes are made right after the change itself, in the same transaction, and are subject to the rules.
 * - `apply` may run again after a write conflict: it must have no effect outside `tx` (see `tx.afterCommit`).
 * - `after` is what will be written. A rule may complete it (a missing default), never replace it.
 */
export interface WriteRule {
  name: string;
  types: readonly string[];
  /** types that `apply` reads: where one Bundle creates both, these are judged and written first, whatever their order */
  reads?: readonly string[];
  /** false: nothing to judge in this creation, which then needs no transaction. Absent: every creation is judged. */
  concerns?(created: Change): boolean;
  /** names to queue on in this process, so that a crowd does not retry against itself: `Slot/s1` */
  locks?(change: Change): readonly string[];
  /** `timeZone` is the hospital's: what "the same day" means */
  apply(change: Change, tx: Transaction, now: number, timeZone: string): Promise<readonly Write[] | undefined>;
}

export function defineRule(rule: WriteRule): WriteRule {
  return rule;
}
