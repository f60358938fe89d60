// When somebody signed in in a browser, to the millisecond. The library's session counts in whole seconds, as `auth_time` does, which cannot
// tell whether that was before the account was shut in the same second or after.
import type Provider from 'oidc-provider';

/** beside `loginTs` in the library's record */
interface Timed {
  signedInAt?: number;
}

type Session = InstanceType<Provider['Session']> & Timed;

/** Sessions of this server keep it; `login.ts` of an interaction's result is in seconds with a fraction. */
export function keepSignInTimes({ Session }: Provider): void {
  const kept = Session as unknown as { IN_PAYLOAD: readonly string[] };
  const names = [...kept.IN_PAYLOAD, 'signedInAt' satisfies keyof Timed];
  Object.defineProperty(kept, 'IN_PAYLOAD', { configurable: true, get: () => names });
  const { loginAccount } = Session.prototype;
  Session.prototype.loginAccount = function (this: Session, { loginTs = 0, ...details }) {
    loginAccount.call(this, { ...details, loginTs: Math.floor(loginTs) });
    this.signedInAt = Math.round(loginTs * 1000);
  };
}

/** ms since 1970; 0 where nobody has signed in */
export const signedInAt = (session: Pick<Session, 'loginTs'> | undefined): number =>
  (session as Timed | undefined)?.signedInAt ?? (session?.loginTs ?? 0) * 1000;
