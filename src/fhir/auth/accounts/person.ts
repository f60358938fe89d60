// The Patient or Practitioner that belongs to an account, and the PractitionerRole of a role held at an organization: made new, never
// found by an e-mail address (row A2), and kept in step with the profile.
import type { Address, ContactPoint, HumanName, Patient, Practitioner, PractitionerRole } from 'fhir/r4.js';
import { nameAmong } from '../../model/human-name.ts';
import type { Resource } from '../../model/resource.ts';
import { type RoleCode, roleOf } from './roles.ts';

export interface Particulars {
  firstName: string;
  lastName: string;
  email: string;
  phone?: string | undefined;
  gender?: string | undefined;
  birthDate?: string | undefined;
  address?: Address | undefined;
}

export type Person = Patient | Practitioner;

const ROLES = 'https://wardgate.dev/fhir/CodeSystem/account-role';

export function personOf(type: Person['resourceType'], id: string, who: Particulars, isActive: boolean): Person {
  const blank = { resourceType: type, id, active: isActive } as Person;
  return withParticulars(blank, who);
}

/** What the profile says, in place of what it said before; everything else of the resource stays. */
export function withParticulars<P extends Person>(person: P, who: Partial<Particulars>): P {
  const { gender, birthDate, address } = who;
  return {
    ...person,
    ...(who.firstName !== undefined || who.lastName !== undefined ? { name: withName(person.name, who) } : {}),
    ...(who.email !== undefined || who.phone !== undefined ? { telecom: withContacts(person.telecom, who) } : {}),
    ...(gender !== undefined && { gender }),
    ...(birthDate !== undefined && { birthDate }),
    ...(address !== undefined && { address: [address, ...(person.address ?? []).slice(1)] }),
  };
}

function withName(names: readonly HumanName[] = [], { firstName, lastName }: Partial<Particulars>): HumanName[] {
  const at = Math.max(
    0,
    names.findIndex(({ use }) => use === 'official'),
  );
  const { text: _, ...known } = names[at] ?? { use: 'official' as const };
  const changed: HumanName = {
    ...known,
    ...(lastName !== undefined && { family: lastName }),
    ...(firstName !== undefined && { given: firstName.split(/\s+/) }),
  };
  return names.length === 0 ? [changed] : names.map((name, index) => (index === at ? changed : name));
}

function withContacts(contacts: readonly ContactPoint[] = [], { email, phone }: Partial<Particulars>): ContactPoint[] {
  const changed = [...contacts];
  for (const [system, value] of [['email', email] as const, ['phone', phone] as const]) {
    if (value === undefined) continue;
    const at = changed.findIndex((contact) => contact.system === system);
    if (at === -1) changed.push({ system, value });
    else changed[at] = { ...changed[at]!, value };
  }
  return changed;
}

export interface RoleAt {
  id: string;
  code: RoleCode;
  practitioner: string;
  organization: string;
}

export const practitionerRoleOf = ({ id, code, practitioner, organization }: RoleAt): PractitionerRole => ({
  resourceType: 'PractitionerRole',
  id,
  active: true,
  practitioner: { reference: `Practitioner/${practitioner}` },
  organization: { reference: `Organization/${organization}` },
  code: [{ coding: [{ system: ROLES, code, display: roleOf(code).display }] }],
});

/** of an Organization, or of a Patient; '' where it has none */
export function nameIn(resource: Resource): string {
  const { name } = resource as { name?: string | HumanName[] };
  if (typeof name === 'string') return name;
  return nameAmong(name) ?? '';
}
