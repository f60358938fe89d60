// What is kept of accounts: the documents, without the library that keeps them.
import type { Named } from '../caller.ts';
import { type RoleCode, roleOf } from './roles.ts';

export interface HeldRole {
  code: RoleCode;
  status: 'active' | 'pending';
  /** id of the Organization it is held at; none: everywhere */
  organization?: string;
  department?: string;
  /** the PractitionerRole that says so, where there is an organization */
  practitionerRole?: string;
  since: Date;
  /** account that gave it */
  by?: string;
}

/** Somebody this account may act for: a carer for a patient. */
export interface ActsFor {
  patient: string;
  /** the RelatedPerson that says how they are related */
  relatedPerson: string;
  since: Date;
}

export interface AccountDocument {
  _id: string;
  email: string;
  firstName: string;
  lastName: string;
  phone?: string;
  status: 'active' | 'deactivated';
  /** why it was deactivated */
  reason?: string;
  roles: HeldRole[];
  /** the resources that are this person */
  practitioner?: string;
  patient?: string;
  proxies: ActsFor[];
  password: string;
  /** the newest first, the one in use among them */
  lastPasswords: string[];
  passwordChangedAt: Date;
  /** class of rate limits, where it is not the usual one of the roles */
  limits?: 'premium';
  /** hashes of network addresses from which somebody signed in: a flood of wrong passwords from elsewhere does not lock them out */
  places: { hash: string; at: Date }[];
  /** lower-case beginnings of names and address, for the list */
  words: string[];
  /** `lovelace ada`, the order of the list */
  sortName: string;
  lastSignInAt?: Date;
  createdAt: Date;
  updatedAt: Date;
}

/** `_id` is the e-mail address. Written and removed in the transaction that changes the account. */
export interface EmailClaim {
  _id: string;
  account: string;
}

/** What somebody said who has not shown yet that the address is theirs. Ends by itself. */
export interface Registration {
  _id: string;
  email: string;
  firstName: string;
  lastName: string;
  phone?: string;
  gender?: string;
  birthDate?: string;
  password: string;
  roles: HeldRole[];
  /** the one-time link that was used */
  invitation?: string;
  endsAt: Date;
}

/** `_id` is the hash of the secret in the link. */
export interface Invitation {
  _id: string;
  /** what the invitation is called where it is listed */
  ref: string;
  /** absent: whoever has the link chooses (the first administrator) */
  email?: string;
  firstName?: string;
  lastName?: string;
  /** what is given: a role, or the care for a patient */
  role?: RoleCode;
  organization?: string;
  department?: string;
  carer?: { patient: string; relationship?: string };
  by?: string;
  createdAt: Date;
  endsAt: Date;
  usedAt?: Date;
}

/** Failures of one address, whether it has an account or not; `_id` is a keyed hash. */
export interface Failures {
  _id: string;
  count: number;
  /** no password is looked at before */
  until: Date;
  endsAt: Date;
}

/** Who the account is as a resource: staff first, for who works here may be a patient as well. */
export function fhirUserOf({
  roles,
  practitioner,
  patient,
  proxies,
}: Pick<AccountDocument, 'roles' | 'practitioner' | 'patient' | 'proxies'>): Named | undefined {
  const isStaff = roles.some(({ code, status }) => status === 'active' && roleOf(code).person === 'Practitioner');
  if (practitioner !== undefined && (isStaff || patient === undefined))
    return { type: 'Practitioner', id: practitioner };
  if (patient !== undefined) return { type: 'Patient', id: patient };
  // who is nothing here but a carer
  const [first] = proxies;
  return first && { type: 'RelatedPerson', id: first.relatedPerson };
}
