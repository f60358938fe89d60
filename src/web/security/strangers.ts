// Who is not signed in is known by a network address alone, and what it tries costs us: a password a hash, a sign-in an hour in memory.
import { admit, type Limits } from '../../fhir/auth/limits/index.ts';
import { anonymousAt } from '../../fhir/http/authenticate.ts';

/** Counts one try; rejects with `throttled` (429) where the address has none left. docs/limits.md: `anonymous` */
export type AdmitStranger = (address: string) => Promise<void>;

export const admitStrangersBy =
  (limits: Pick<Limits, 'spend'>): AdmitStranger =>
  (address) =>
    admit(limits, anonymousAt(address));
