// Who asks. Everything that decides, limits or records works with a Caller; where nobody signs in (AUTH=off) there is none.

/** A resource of this server: `Practitioner/p1`. */
export interface Named {
  type: string;
  id: string;
}

export interface Caller {
  /** a person with an account, a system with a client of its own (SMART Backend Services), or nobody who signed in */
  kind: 'account' | 'client' | 'anonymous';
  /** of the account, or the client's; '' of nobody */
  id: string;
  /** codes of the policy table: `doctor`, `patient` …, `doctor@h1` where it is held at that Organization only; of a client: those it was given */
  roles: readonly string[];
  /** ids of the Organizations this token acts for; empty where the caller is bound to none */
  organizations: readonly string[];
  /** the caller as a resource (OpenID's fhirUser) */
  fhirUser?: Named;
  /**
   * SMART scopes of the token as granted (`patient/Observation.rs?category=laboratory`). They only ever take away from what the roles
   * allow. Absent: everything the roles allow (tokens of `$login`).
   */
  scopes?: readonly string[];
  /** SMART launch context */
  patient?: string;
  encounter?: string;
  /** OAuth client that holds the token; `wardgate` for `$login` and our own pages */
  client: string;
  /** class of rate limits: `standard`, `premium`, `admin`, `app`, `backend` */
  limits: string;
  /** where the token came from, for sessions, revocation and the audit trail; times in ms since 1970 */
  token?: { id: string; grant: string; expires: number; authenticatedAt?: number };
  /** the reason that was given for seeing what would otherwise be hidden (break-glass) */
  breakGlass?: string;
  /** network address the request came from */
  address: string;
}
