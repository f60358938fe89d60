// Who stands before the door, as operations and pages hand it over, and what is refused there.
import type { Call } from '../../interactions/call.ts';
import { FhirError, type Issue } from '../../model/errors.ts';
import type { Caller } from '../caller.ts';
import type { Visitor } from '../sign-in.ts';

export function visitorOf({ caller, headers }: Pick<Call, 'caller' | 'headers'>): Visitor {
  const userAgent = headers['user-agent']?.slice(0, 300);
  return { address: caller?.address ?? '', ...(userAgent !== undefined && { userAgent }) };
}

/** Somebody with an account, in a session of our own: an app that was allowed some of the data may not change the account. */
export function needPerson({ caller }: Pick<Call, 'caller'>): Caller & { token: NonNullable<Caller['token']> } {
  if (caller?.kind !== 'account' || caller.token === undefined) throw new FhirError('login', 'Sign in first');
  if (caller.scopes !== undefined) {
    throw new FhirError('forbidden', 'An app may not do this; sign in at the hospital itself');
  }
  return caller as Caller & { token: NonNullable<Caller['token']> };
}

export type Administrator = Pick<Caller, 'id' | 'roles' | 'organizations'>;

export const isGlobal = ({ roles }: Pick<Administrator, 'roles'>): boolean => roles.includes('admin');

export function needAdministrator(call: Pick<Call, 'caller'>): Administrator {
  const caller = needPerson(call);
  if (isGlobal(caller)) return caller;
  const { id, roles } = caller;
  const organizations = placesOf(caller, 'hospital-admin');
  if (organizations !== undefined) return { id, roles, organizations };
  throw new FhirError('forbidden', 'Only administrators may do this');
}

/** The organizations for which somebody has the role; undefined where nowhere. */
export function placesOf(
  { roles, organizations }: Pick<Caller, 'roles' | 'organizations'>,
  role: string,
): readonly string[] | undefined {
  if (roles.includes(role)) return organizations;
  const places = roles.flatMap((one) => (one.startsWith(`${role}@`) ? one.slice(role.length + 1) : []));
  return places.length > 0 ? places : undefined;
}

/** What a demand that is not met finds wrong. */
export async function refusedBy(demand: () => unknown): Promise<readonly Issue[]> {
  try {
    await demand();
    return [];
  } catch (error) {
    if (error instanceof FhirError && error.status < 500) return error.issues;
    throw error;
  }
}

/** One error for all that is wrong with what was sent. */
export function refuse(issues: readonly (Issue | undefined)[]): void {
  const found = issues.filter((issue) => issue !== undefined);
  if (found.length > 0) throw new FhirError('value', found[0]!.diagnostics, { issues: found });
}
