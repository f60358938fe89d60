// The roles people may have, and what follows from each: who they are as a resource, and whether somebody must approve it.
// What a role may do is said by the policy table (../access).

export interface Role {
  display: string;
  /** the resource that belongs to it */
  person: 'Patient' | 'Practitioner';
  /** had at once by who registers; every other waits for approval */
  isOpen?: true;
  /** only an administrator of the whole server gives it */
  isGlobal?: true;
  /** words by which people ask for it */
  aliases?: readonly string[];
}

export const roles = {
  admin: { display: 'Administrator', person: 'Practitioner', isGlobal: true, aliases: ['administrator'] },
  'hospital-admin': {
    display: 'Hospital administrator',
    person: 'Practitioner',
    aliases: ['hospital', 'hospital-administrator'],
  },
  doctor: { display: 'Doctor', person: 'Practitioner' },
  nurse: { display: 'Nurse', person: 'Practitioner' },
  receptionist: { display: 'Receptionist', person: 'Practitioner', aliases: ['front-desk', 'frontdesk'] },
  pharmacist: { display: 'Pharmacist', person: 'Practitioner', aliases: ['pharmacy'] },
  'lab-technician': {
    display: 'Laboratory technician',
    person: 'Practitioner',
    aliases: ['lab', 'laboratory', 'laboratory-technician'],
  },
  'ambulance-driver': { display: 'Ambulance driver', person: 'Practitioner', aliases: ['ambulance', 'driver'] },
  patient: { display: 'Patient', person: 'Patient', isOpen: true },
  donor: { display: 'Blood donor', person: 'Patient', isOpen: true, aliases: ['blood-donor'] },
} as const satisfies Record<string, Role>;

export type RoleCode = keyof typeof roles;

export const roleCodes = Object.keys(roles) as RoleCode[];

export const roleOf = (code: RoleCode): Role => roles[code];

/** `Front desk` → `receptionist`; undefined where there is no such role */
export function readRole(text: string): RoleCode | undefined {
  const word = text
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, '-');
  return roleCodes.find((code) => code === word || roleOf(code).aliases?.includes(word));
}
