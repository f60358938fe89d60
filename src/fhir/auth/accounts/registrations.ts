// Registration: what somebody says of themselves waits until the code comes back; only then is there an account.
import { FhirError, type Issue } from '../../model/errors.ts';
import { parseJson } from '../../model/json.ts';
import type { Store } from '../../storage/store.ts';
import type { Visitor } from '../sign-in.ts';
import { type Book, emailTaken } from './book.ts';
import type { CodeSender } from './code-sender.ts';
import { CODE_SECONDS } from './codes.ts';
import type { AccountDocument, HeldRole, Registration } from './documents.ts';
import { needEmail, wrongEmail } from './email-address.ts';
import type { Hospitals } from './hospitals.ts';
import type { Models } from './models.ts';
import { wrongPassword } from './password-rules.ts';
import type { Passwords } from './passwords.ts';
import { readPhone, wrongName, wrongPhone } from './personal.ts';
import { type RoleCode, readRole, roleCodes, roleOf } from './roles.ts';
import type { Demand } from './sign-in.ts';
import { refuse, refusedBy } from './visitor.ts';

export interface RegistrationRequest {
  firstName: string;
  lastName: string;
  email: string;
  password: string;
  phone?: string;
  role?: string;
  /** id */
  organization?: string;
  department?: string;
  gender?: string;
  birthDate?: string;
}

export interface Registrations {
  /** everything that is wrong with what is there of a request */
  wrong(request: Partial<RegistrationRequest>): Promise<Issue[]>;
  /** sends a code; the account exists once `confirm` has run */
  begin(request: RegistrationRequest, visitor: Visitor): Promise<{ challenge: string }>;
  /** of the first administrator, who holds the link of the first start */
  beginFirst(request: RegistrationRequest, invitation: string, visitor: Visitor): Promise<{ challenge: string }>;
  /** undefined where it has ended */
  confirm(id: string): Promise<AccountDocument | undefined>;
  /** of a registration that waits */
  find(id: string): Promise<Registration | undefined>;
}

export interface RegistrationsDeps {
  store: Store;
  book: Book;
  models: Pick<Models, 'registrations'>;
  sender: Pick<CodeSender, 'send'>;
  passwords: Passwords;
  hospitals: Pick<Hospitals, 'list'>;
  demand: Demand;
  /** what must happen when somebody who came by a link has an account, in the same transaction */
  useLink(invitation: string, entry: Parameters<NonNullable<Parameters<Book['add']>[1]>>[0]): Promise<void>;
  now: () => number;
}

/** longer than its codes can live, resent ones too */
const LASTS_MS = 8 * CODE_SECONDS * 1000;

export function createRegistrations(deps: RegistrationsDeps): Registrations {
  const { store, book, models, sender, passwords, hospitals, demand, useLink, now } = deps;

  async function wait(
    request: RegistrationRequest,
    role: HeldRole,
    { visitor, invitation }: { visitor: Visitor; invitation?: string },
  ): Promise<{ challenge: string }> {
    const { firstName, lastName, phone, gender, birthDate } = particularsIn(request);
    const email = needEmail(request.email);
    await demand('registration', visitor.address);
    if ((await book.findByEmail(email)) !== undefined) throw emailTaken();
    const _id = store.newId();
    await models.registrations.create({
      _id,
      email,
      firstName,
      lastName,
      ...(phone !== undefined && { phone }),
      ...(gender !== undefined && { gender }),
      ...(birthDate !== undefined && { birthDate }),
      password: await passwords.hash(request.password),
      roles: [role],
      ...(invitation !== undefined && { invitation }),
      endsAt: new Date(now() + LASTS_MS),
    });
    return sender.send('registration', { to: email, about: _id, address: visitor.address, name: firstName });
  }

  /** Who asks to work here asks the only hospital where none is named: its own administrators see it then. */
  async function placeFor(code: RoleCode, said: string | undefined): Promise<string | undefined> {
    if (said !== undefined) return said;
    if (roleOf(code).isOpen || roleOf(code).isGlobal) return undefined;
    const [only, ...others] = await hospitals.list();
    return others.length === 0 ? only?.id : undefined;
  }

  const wrong: Registrations['wrong'] = async ({ email, role, organization, ...said }) => {
    const issues = [
      email === undefined ? undefined : wrongEmail(email, 'email'),
      ...wrongParticulars(said),
      ...(role === undefined ? [] : await refusedBy(() => needRole(role))),
      ...(organization === undefined ? [] : await refusedBy(() => needOrganization(store, organization))),
    ];
    return issues.filter((issue) => issue !== undefined);
  };

  return {
    wrong,
    async begin(request, visitor) {
      refuse(await wrong(request));
      const code = needRole(request.role ?? 'patient');
      const { department } = request;
      const organization = await placeFor(code, request.organization);
      const role: HeldRole = {
        code,
        status: roleOf(code).isOpen ? 'active' : 'pending',
        ...(organization !== undefined && { organization }),
        ...(department !== undefined && { department }),
        since: new Date(now()),
      };
      return wait(request, role, { visitor });
    },
    async beginFirst(request, invitation, visitor) {
      refuse(await wrong(request));
      return wait(request, { code: 'admin', status: 'active', since: new Date(now()) }, { visitor, invitation });
    },
    async confirm(id) {
      const found = await models.registrations.findById(id).lean();
      if (found === null || found.endsAt.getTime() <= now()) return undefined;
      const { _id, endsAt: _, invitation, ...registration } = found;
      const account = await book.add(registration, async (entry) => {
        if (invitation !== undefined) await useLink(invitation, entry);
      });
      await models.registrations.deleteOne({ _id });
      return account;
    },
    find: async (id) => (await models.registrations.findById(id).lean()) ?? undefined,
  };
}

type Said = Omit<RegistrationRequest, 'email'>;

/** Everything that is wrong with names, telephone number and password. */
export const wrongParticulars = ({ firstName, lastName, phone, password }: Partial<Said>): (Issue | undefined)[] => [
  firstName === undefined ? undefined : wrongName(firstName, 'firstName'),
  lastName === undefined ? undefined : wrongName(lastName, 'lastName'),
  phone === undefined ? undefined : wrongPhone(phone, 'phone'),
  ...(password === undefined ? [] : wrongPassword(password, 'password')),
];

export const particularsIn = ({ firstName, lastName, phone, gender, birthDate }: Said) => ({
  firstName: firstName.trim(),
  lastName: lastName.trim(),
  phone: phone === undefined ? undefined : readPhone(phone),
  gender,
  birthDate,
});

export function needRole(text: string): RoleCode {
  const code = readRole(text);
  if (code !== undefined) return code;
  throw new FhirError('code-invalid', `'${text}' is no role; there are ${roleCodes.join(', ')}`, {
    expression: 'role',
  });
}

/** its name */
export async function needOrganization(store: Pick<Store, 'read'>, id: string): Promise<string> {
  const version = await store.read('Organization', id);
  if (!version?.bytes) {
    throw new FhirError('value', `There is no Organization/${id}`, { expression: 'organization' });
  }
  const { name } = parseJson(version.bytes) as { name?: string };
  return name ?? `Organization/${id}`;
}
