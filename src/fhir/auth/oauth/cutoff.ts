// Whether a sign-in was before its account was shut to whoever had signed in so far. To the millisecond: people come back within the second of
// a new password, and thieves do not stay out by a second less.
import type { Cutoff } from '../../storage/grants.ts';

export interface Shown {
  /** when the person showed who they are, ms since 1970 */
  at: number;
  grant?: string | undefined;
}

/** What began within the very millisecond was not after it. */
export const isCutOff = (cutoff: Cutoff | undefined, { at, grant }: Shown): boolean =>
  cutoff !== undefined && at <= cutoff.at && (cutoff.besides === undefined || grant !== cutoff.besides);
