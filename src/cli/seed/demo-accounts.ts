// Accounts of every role for the demo hospital: people of seed/ where it has them. Their password is made at random and shown once.
import { randomInt } from 'node:crypto';
import type { Accounts } from '../../fhir/auth/accounts/accounts.ts';
import { type RoleCode, roleOf } from '../../fhir/auth/accounts/roles.ts';

interface DemoAccount {
  role: RoleCode;
  firstName: string;
  lastName: string;
  practitioner?: string;
  practitionerRole?: string;
  patient?: string;
  /** works for the server, not for the hospital */
  isEverywhere?: true;
}

const HOSPITAL = 'demo-hospital';

const people: readonly DemoAccount[] = [
  { role: 'admin', firstName: 'Ingrid', lastName: 'Holm', isEverywhere: true },
  { role: 'hospital-admin', firstName: 'Samuel', lastName: 'Adeyemi' },
  {
    role: 'doctor',
    firstName: 'Ngozi',
    lastName: 'Okafor',
    practitioner: 'demo-okafor',
    practitionerRole: 'demo-okafor',
  },
  { role: 'nurse', firstName: 'Marta', lastName: 'Kowalska' },
  { role: 'receptionist', firstName: 'Jonas', lastName: 'Weber' },
  { role: 'pharmacist', firstName: 'Priya', lastName: 'Raman' },
  { role: 'lab-technician', firstName: 'Chen', lastName: 'Wei' },
  {
    role: 'ambulance-driver',
    firstName: 'Luis',
    lastName: 'Ortega',
    practitioner: 'demo-ortega',
    practitionerRole: 'demo-ortega',
  },
  { role: 'patient', firstName: 'Stewart672', lastName: 'McClure239', patient: '4b3ac026-29d1-1d25-d4a4-419f2eb8390b' },
  { role: 'donor', firstName: 'Precious140', lastName: 'Kuphal363', patient: '08ac7eaf-8e87-96a5-4065-91c5919f3b65' },
];

/** No mail ever leaves for it: https://www.rfc-editor.org/rfc/rfc2606 */
export const demoEmail = (role: RoleCode): string => `${role}@hospital.example`;

export const demoEmails: readonly string[] = people.map(({ role }) => demoEmail(role));

export interface DemoDeps {
  accounts: Pick<Accounts, 'book' | 'passwords'>;
  now: () => number;
}

/** Returns their password. */
export async function createDemoAccounts({ accounts, now }: DemoDeps): Promise<string> {
  const { book, passwords } = accounts;
  const password = newPassword();
  const hash = await passwords.hash(password);
  for (const { role, firstName, lastName, practitioner, practitionerRole, patient, isEverywhere } of people) {
    const email = demoEmail(role);
    const known = await book.findByEmail(email);
    if (known !== undefined) {
      // of a first start that was interrupted: its password was never shown
      await book.change(
        known._id,
        ({ account }) => void Object.assign(account, { password: hash, lastPasswords: [hash] }),
      );
      continue;
    }
    const isAtHospital = roleOf(role).person === 'Practitioner' && !isEverywhere;
    const held = {
      code: role,
      status: 'active' as const,
      ...(isAtHospital && { organization: HOSPITAL }),
      ...(practitionerRole !== undefined && { practitionerRole }),
      since: new Date(now()),
    };
    await book.add({
      email,
      firstName,
      lastName,
      password: hash,
      roles: [held],
      ...(practitioner !== undefined && { practitioner }),
      ...(patient !== undefined && { patient }),
    });
  }
  return password;
}

/** easy to type, and nobody's guess: 10^11 of them */
function newPassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz';
  const word = (): string => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('');
  const first = word();
  return `${first[0]!.toUpperCase()}${first.slice(1)}-${word()}-${randomInt(1, 10)}`;
}
