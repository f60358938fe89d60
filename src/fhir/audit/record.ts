// What is written down of one access, refusal or sign-in: one line of JSON in the log. An AuditEvent is made of it when one is asked for
// (event.ts). No secrets and no content: who, what, when, from where, how it ended, and whose data it was.
import type { ActedOn, Target } from '../interactions/call.ts';

/** Beside requests, what the log says about itself (chain.ts). */
export type RecordKind =
  | Target['kind']
  /** a request that means nothing here, or whose sender nobody asked further */
  | 'unknown'
  | 'sign-in'
  | 'log';

export interface AuditRecord {
  /** place in its chain, from 1 on */
  n: number;
  /** when it was answered, ms since 1970 */
  at: number;
  kind: RecordKind;
  /** X-Request-Id */
  request?: string;
  /** of a batch or transaction: which entry */
  entry?: number;
  type?: string;
  id?: string;
  version?: number;
  /** code of an operation, what happened to a sign-in, or to the log */
  code?: string;
  method?: string;
  /** below the base, as it was sent; of searches, histories and operations */
  url?: string;
  status: number;
  /** kind of a refusal or failure (model/errors.ts) */
  refusal?: string;
  /** account, or client that acts for itself; absent: nobody signed in */
  by?: string;
  isClient?: true;
  client?: string;
  /** `Practitioner/p1` */
  user?: string;
  roles?: readonly string[];
  organizations?: readonly string[];
  token?: string;
  address: string;
  /** the reason given for breaking the glass */
  glass?: string;
  /** ids of the patients whose data was shown or changed */
  patients?: readonly string[];
  /** versions that an operation wrote: `Encounter/e1/_history/2` */
  wrote?: readonly string[];
  /** what an operation acted on that is no resource */
  about?: readonly ActedOn[];
  /** so many like it were not written down one by one before it */
  times?: number;
  /** of `log`: chains and the hashes they had at a place */
  heads?: readonly Head[];
}

/** Before it has its place in a chain. */
export type NewRecord = Omit<AuditRecord, 'n' | 'at'>;

/** A place in a chain, and its hash there. */
export interface Head {
  chain: string;
  n: number;
  hash: string;
}

/** An AuditEvent's id says where its record is, and which of several events it is (parts.ts). */
export const eventId = (chain: string, n: number, part: number): string =>
  `${chain}-${n}${part === 0 ? '' : `-${part}`}`;

export function placeOf(id: string): { chain: string; n: number; part: number } | undefined {
  const [, chain, n, part = '0'] = /^([0-9a-z]{14})-([1-9]\d{0,14})(?:-([1-9]\d{0,5}))?$/.exec(id) ?? [];
  return chain === undefined ? undefined : { chain, n: Number(n), part: Number(part) };
}
