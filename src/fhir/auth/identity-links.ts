// The port to the ties between accounts here and those at other identity providers: who may sign in by which of them.

export interface IdentityLink {
  id: string;
  /** the provider's name, for people */
  provider: string;
  /** the person's address there, where the provider told it */
  email?: string;
  /** ms since 1970 */
  since: number;
}

export interface IdentityLinks {
  /** oldest first */
  of(account: string): Promise<IdentityLink[]>;
  /** undefined where the account has no such link */
  end(account: string, id: string): Promise<IdentityLink | undefined>;
  /** gives those that there were */
  endAllOf(account: string): Promise<IdentityLink[]>;
}
