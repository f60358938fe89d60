// An account in use: as its owner, at one of the places where the owner works, or for a patient who is cared for. A grant keeps which.
import type { Caller } from '../caller.ts';
import type { Account } from '../sign-in.ts';
import { type AccountDocument, fhirUserOf, type HeldRole } from './documents.ts';
import { roleOf } from './roles.ts';

export const actingAt = (organization: string): string => `at ${organization}`;
export const actingFor = (relatedPerson: string): string => `for ${relatedPerson}`;

/** as what an account may be in use that a caller has: by itself, for the patient, at the one hospital */
export function actingAs({
  fhirUser,
  organizations,
}: Pick<Caller, 'fhirUser' | 'organizations'>): (string | undefined)[] {
  if (fhirUser?.type === 'RelatedPerson') return [actingFor(fhirUser.id)];
  const [only, ...others] = organizations;
  return [undefined, ...(only !== undefined && others.length === 0 ? [actingAt(only)] : [])];
}

/** undefined where the account may not be used so (any more) */
export function accountAs(account: AccountDocument, acting?: string): Account | undefined {
  const [, how, id] = /^(at|for) (.+)$/.exec(acting ?? '') ?? [];
  if (how === 'for') return asCarer(account, id!);
  const active = account.roles.filter(
    ({ status, organization }) => status === 'active' && (id ?? organization) === organization,
  );
  if (how === 'at' && active.length === 0) return undefined;
  const fhirUser = fhirUserOf(account);
  // who is nothing here but a carer
  if (active.length === 0 && fhirUser?.type === 'RelatedPerson') return asCarer(account, fhirUser.id);
  return {
    ...factsOf(account),
    roles: rolesIn(active),
    organizations: distinct(active.map(({ organization }) => organization)),
    ...(fhirUser !== undefined && { fhirUser }),
  };
}

/** `doctor@h1` where it is held at some of the places only: elsewhere the person is something else, and may do only that. */
function rolesIn(active: readonly HeldRole[]): string[] {
  const places = distinct(active.map(({ organization }) => organization));
  return distinct(
    active.map(({ code, organization }) => {
      const held = active.filter((one) => one.code === code).map((one) => one.organization);
      const isEverywhere = held.includes(undefined) || places.every((place) => held.includes(place));
      return isEverywhere || roleOf(code).isGlobal ? code : `${code}@${organization}`;
    }),
  );
}

/** What patients may do with their record, with that of the patient. */
function asCarer(account: AccountDocument, relatedPerson: string): Account | undefined {
  if (!account.proxies.some((proxy) => proxy.relatedPerson === relatedPerson)) return undefined;
  const fhirUser = { type: 'RelatedPerson', id: relatedPerson };
  return { ...factsOf(account), roles: ['patient'], organizations: [], fhirUser };
}

const factsOf = ({ _id: id, email, firstName, lastName, limits }: AccountDocument) => ({
  id,
  email,
  name: `${firstName} ${lastName}`,
  ...(limits !== undefined && { limits }),
});

const distinct = (values: readonly (string | undefined)[]): string[] => [
  ...new Set(values.filter((value) => value !== undefined)),
];
