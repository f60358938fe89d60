// The port to what the one issuer of tokens keeps for good: clients, grants, refresh tokens, consents, links to other identity
// providers, and its signing keys. storage/mongo/grants keeps them.

/** Records of the OAuth library: JSON that only it reads. */
export type Payload = Readonly<Record<string, unknown>>;

/** What an app is started with. https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html */
export interface LaunchContext {
  patient?: string;
  encounter?: string;
  fhirContext?: readonly Readonly<Record<string, unknown>>[];
  intent?: string;
  needPatientBanner?: boolean;
}

/** Where and how a grant came to be. */
export interface GrantFacts {
  account: string;
  client: string;
  /** as granted; empty of our own client, whose tokens say all that the roles allow */
  scopes: readonly string[];
  context: LaunchContext;
  /** the browser's sign-in that it was made in */
  session?: string;
  address: string;
  userAgent?: string;
  /** when the person showed who they are, ms since 1970 */
  authenticatedAt: number;
  /** for whom or where its tokens are used, as `SignIn.account` understands it */
  acting?: string;
  /** over after so many seconds without a refresh */
  idleSeconds?: number;
}

/** What a client may do, as one person (or a launch) allowed it. Access tokens name it, refresh tokens hang on it, ending it ends both. */
export interface Grant extends GrantFacts {
  id: string;
  payload: Payload;
  startedAt: number;
  lastUsedAt: number;
  /** when nothing can be done with it any more unless it is used before */
  expiresAt: number;
}

/** Longer than any access token lives: none may outlive the memory that its grant has ended. */
export const REMEMBER_END_MS = 2 * 60 * 60 * 1000;

export interface Grants {
  insert(grant: Grant): Promise<void>;
  /** undefined once it has ended */
  find(id: string): Promise<Grant | undefined>;
  /** newest first, without those that have ended */
  ofAccount(account: string): Promise<Grant[]>;
  /** false where it has ended */
  replacePayload(id: string, payload: Payload): Promise<boolean>;
  used(id: string, at: { lastUsedAt: number; expiresAt: number }): Promise<void>;
  /** false where it has ended */
  actAs(id: string, acting: string | undefined): Promise<boolean>;
  end(id: string): Promise<void>;
  endAllOf(account: string, besides?: string): Promise<void>;
  endAllOfClient(client: string): Promise<void>;
  /** those of a browser's sign-in, besides those with this scope */
  endAllOfSession(session: string, besides: string): Promise<void>;
  /** remembers the end of something that is not kept here, a single access token for example, until `expiresAt` */
  markEnded(id: string, expiresAt: number): Promise<void>;
  /** what has ended since then, by the database's clock; all that is remembered where absent */
  endedSince(since: Date | undefined): Promise<readonly { id: string; endedAt: Date; expiresAt: Date }[]>;
}

export interface RefreshTokenRecord {
  grant: string;
  payload: Payload;
  /** ms since 1970 */
  expiresAt: number;
  /** when it was exchanged for the next one */
  consumedAt?: number;
}

export interface RefreshTokens {
  /** does nothing where there is one with this key */
  insert(key: string, record: RefreshTokenRecord): Promise<void>;
  find(key: string): Promise<RefreshTokenRecord | undefined>;
  /** the time of the first use, which is `at` only for the one that was first; undefined where there is no such token */
  consume(key: string, at: number): Promise<number | undefined>;
  remove(key: string): Promise<void>;
  removeAllOf(grants: readonly string[]): Promise<void>;
}

export interface ClientRecord {
  id: string;
  /** RFC 7591 names, and ours; the secret as its hash */
  metadata: Payload;
  /** rises when every token the client got by itself is to end */
  generation: number;
  /** ms since 1970 */
  createdAt: number;
  disabled: boolean;
}

export interface Clients {
  find(id: string): Promise<ClientRecord | undefined>;
  list(): Promise<ClientRecord[]>;
  save(id: string, metadata: Payload): Promise<void>;
  /** a disabled one can do nothing; false where there is none */
  setDisabled(id: string, disabled: boolean): Promise<boolean>;
  raiseGeneration(id: string): Promise<void>;
  remove(id: string): Promise<boolean>;
}

/** What a person need not be asked again. */
export interface Consents {
  find(account: string, client: string): Promise<readonly string[]>;
  remember(account: string, client: string, scopes: readonly string[]): Promise<void>;
  forget(account: string, client: string): Promise<void>;
}

/** An account's sign-ins up to a moment do not count any more. */
export interface Cutoff {
  /** ms since 1970 */
  at: number;
  /** the grant that goes on */
  besides?: string;
}

export interface Cutoffs {
  /** `work`: the newest that ended what had been begun as well */
  find(account: string): Promise<(Cutoff & { work?: Cutoff }) | undefined>;
  set(account: string, cutoff: Cutoff, endsWork: boolean): Promise<void>;
}

/** Accounts elsewhere that a person has tied to the one here. */
export interface Links {
  find(issuer: string, subject: string): Promise<string | undefined>;
  save(link: LinkFacts, account: string): Promise<void>;
  /** oldest first */
  ofAccount(account: string): Promise<readonly LinkRecord[]>;
  /** false where the account has no such link (any more) */
  remove(link: Pick<LinkFacts, 'issuer' | 'subject'>, account: string): Promise<boolean>;
}

export interface LinkFacts {
  issuer: string;
  subject: string;
  /** the person's address there, where the provider told it */
  email?: string;
}

export interface LinkRecord extends LinkFacts {
  /** ms since 1970 */
  since: number;
}

/** The issuer's signing keys, sealed: one text that processes change by turns. */
export interface SigningKeyStore {
  read(): Promise<{ version: number; sealed: string } | undefined>;
  /** takes the place of that version (0: of nothing); false where another process was faster */
  replace(version: number, sealed: string): Promise<boolean>;
}

export interface GrantStore {
  grants: Grants;
  refreshTokens: RefreshTokens;
  clients: Clients;
  consents: Consents;
  cutoffs: Cutoffs;
  links: Links;
  signingKeys: SigningKeyStore;
}
