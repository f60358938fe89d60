// How long what is issued lives. Seconds, as OAuth counts.
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const lifetimes = {
  accessToken: HOUR,
  /** each use gives a new one */
  refreshToken: 7 * DAY,
  /** however often it is refreshed: then the person signs in again */
  grant: 90 * DAY,
  authorizationCode: MINUTE,
  idToken: HOUR,
  /** sign-in, patient, consent */
  interaction: HOUR,
  /** a browser's sign-in */
  session: 8 * HOUR,
  /** a client's signed assertion may not be valid for longer: SMART App Launch 2.2, section 3.3.1 */
  assertion: 5 * MINUTE,
  /** the handle of an EHR launch, until the app comes with it */
  launch: 5 * MINUTE,
} as const;

/** A refresh token that is sent twice within this time (two tabs, a lost answer) gives the same successor twice; later it ends the grant. */
export const REFRESH_GRACE_MS = 10_000;
