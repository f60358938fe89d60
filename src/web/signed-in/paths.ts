// Where our own pages are, and where a sign-in may lead: to one of them, never elsewhere.

export const SIGN_IN_PATH = '/account/sign-in';
export const HOME = '/account';
/** where somebody of several hospitals says at which they work */
export const PLACE_PATH = '/account/place';

const OWN = /^\/(?:account|admin|patients)(?:\/[A-Za-z0-9_-]+)*$/;
/** pages of who is not signed in */
const DOORS = /^\/account\/(?:sign-in|sign-out|signed-out|register|confirm|resend|forgot|reset)(?:\/|$)/;

/** Without a query: what somebody searched for is nobody else's. */
export const ownPath = (given: unknown): string =>
  typeof given === 'string' && OWN.test(given) && !DOORS.test(given) ? given : HOME;
