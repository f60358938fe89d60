// What the audit trail is told: sign-ins, consents and tokens, done or refused. No secrets, no tokens.

export interface OauthEvent {
  act: 'login' | 'logout' | 'consent' | 'token';
  outcome: 'done' | 'refused';
  account?: string;
  client?: string;
  grant?: string;
  /** network address */
  address: string;
  userAgent?: string;
  /** OAuth's word for the refusal: `invalid_grant` */
  why?: string;
}

export type OnEvent = (event: OauthEvent) => void;
