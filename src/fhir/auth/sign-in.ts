// The port between the pages that ask who someone is and the accounts that know: password first, then a code by e-mail.
// Refusals are a FhirError 'login' whose sentence may be shown, or 'throttled' with Retry-After; both say nothing about whether an
// address has an account.
import type { Named } from './caller.ts';
import type { Subject } from './tokens.ts';

/** Where a request comes from. */
export interface Visitor {
  address: string;
  userAgent?: string;
}

/** An account as it is now: what the next token says, whatever an older one said. */
export interface Account {
  id: string;
  email: string;
  /** for people to read: `Dr. Ada Lovelace` */
  name: string;
  roles: readonly string[];
  organizations: readonly string[];
  fhirUser?: Named;
  /** class of rate limits where it is not the usual one of the roles */
  limits?: string;
}

export interface SignIn {
  /** sends a code where the password is right; the challenge ties the code to this request */
  begin(email: string, password: string, visitor: Visitor): Promise<{ challenge: string }>;
  /** another code for the same challenge; the old one ends */
  resend(challenge: string, visitor: Visitor): Promise<void>;
  /** one use. `amr` tells how it was shown: `pwd`, `otp` */
  complete(challenge: string, code: string, visitor: Visitor): Promise<Subject>;
  /** undefined where there is none, or it may not sign in (any more), or not act so (`Tokens.actAs`) */
  account(id: string, acting?: string): Promise<Account | undefined>;
  /** the account's owner gets a mail: somebody whom another identity provider names is to be them from now on */
  tellOfLink(account: string, link: { provider: string; email?: string }): Promise<void>;
}

/** Whom tokens are for after this account was shown to be its owner's. `amr` tells how (RFC 8176), `since` when at the earliest. */
export const subjectOf = (
  { id, roles, organizations, fhirUser, limits }: Account,
  { amr, since }: Pick<Subject, 'amr' | 'since'>,
  { address, userAgent }: Visitor,
): Subject => ({
  account: id,
  roles,
  organizations,
  ...(fhirUser !== undefined && { fhirUser }),
  ...(limits !== undefined && { limits }),
  amr,
  since,
  address,
  ...(userAgent !== undefined && { userAgent }),
});
