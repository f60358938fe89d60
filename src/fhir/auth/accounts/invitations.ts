// Invitations: a link by e-mail with which somebody chooses a password and has a role at once; and the one-time link of the first start.
import { randomBytes } from 'node:crypto';
import { keyedHash } from '../../../platform/secrets/secrets.ts';
import { FhirError } from '../../model/errors.ts';
import type { Resource } from '../../model/resource.ts';
import type { Store } from '../../storage/store.ts';
import type { Visitor } from '../sign-in.ts';
import type { Administration } from './administration.ts';
import type { Book, Entry } from './book.ts';
import { nameOf, relatedPersonOf } from './carers.ts';
import type { AccountDocument, ActsFor, HeldRole, Invitation } from './documents.ts';
import { needEmail } from './email-address.ts';
import type { Mails } from './mails.ts';
import type { Models } from './models.ts';
import type { Passwords } from './passwords.ts';
import { wrongName } from './personal.ts';
import { needOrganization, needRole, particularsIn, type Registrations, wrongParticulars } from './registrations.ts';
import type { SignInRoom } from './sign-in.ts';
import { type Administrator, isGlobal, refuse } from './visitor.ts';

export interface InvitationRequest {
  email: string;
  role: string;
  organization?: string;
  department?: string;
  firstName?: string;
  lastName?: string;
}

export interface Acceptance {
  token: string;
  password: string;
  firstName?: string;
  lastName?: string;
  phone?: string;
  email?: string;
}

const DAY_MS = 24 * 3600 * 1000;
const INVITATION_MS = 7 * DAY_MS;
const FIRST_LINK_MS = DAY_MS;

export interface LinksDeps {
  models: Pick<Models, 'invitations'>;
  key: Buffer;
  linkOf: (token: string) => string;
  now: () => number;
}

/** Links that open something once; only the hash of their secret is kept. The command line makes them as well. */
export function createLinks({ models, key, linkOf, now }: LinksDeps) {
  const idOf = (token: string): string => keyedHash(key, 'invitation', token);

  async function save(invitation: Omit<Invitation, '_id' | 'ref' | 'createdAt' | 'endsAt'>, lastsMs: number) {
    const token = randomBytes(24).toString('base64url');
    const saved: Invitation = {
      _id: idOf(token),
      ref: randomBytes(9).toString('base64url'),
      ...invitation,
      createdAt: new Date(now()),
      endsAt: new Date(now() + lastsMs),
    };
    await models.invitations.create(saved);
    return { saved, token, link: linkOf(token) };
  }

  return {
    idOf,
    save,
    /** for an administrator: of the first start, whoever has it, or for one address */
    async linkForAdministrator(email?: string): Promise<string> {
      const { link } = await save({ role: 'admin', ...(email !== undefined && { email }) }, FIRST_LINK_MS);
      return link;
    },
  };
}

export interface Invitations {
  /** a link for something else than a role */
  save: ReturnType<typeof createLinks>['save'];
  invite(by: Administrator, request: InvitationRequest): Promise<Invitation>;
  list(by: Administrator): Promise<Invitation[]>;
  revoke(by: Administrator, ref: string): Promise<void>;
  /** for the page of the link, which anybody may have: of a patient the name and no more; throws where it is of no use any more */
  look(token: string): Promise<{ invitation: Invitation; hasAccount: boolean; patient?: string }>;
  accept(acceptance: Acceptance, visitor: Visitor): Promise<{ account: AccountDocument } | { challenge: string }>;
  linkForAdministrator(email?: string): Promise<string>;
  /** in the transaction that makes the account of who came by the link */
  use(id: string, entry: Entry): Promise<void>;
}

export interface InvitationsDeps extends LinksDeps {
  store: Store;
  book: Book;
  mails: Mails;
  passwords: Passwords;
  administration: Pick<Administration, 'placeToGive'>;
  registrations: () => Pick<Registrations, 'beginFirst'>;
  signIn: () => Pick<SignInRoom, 'checkPassword'>;
}

export function createInvitations(deps: InvitationsDeps): Invitations {
  const { store, book, models, mails, passwords, administration, registrations, signIn, now } = deps;

  const { idOf, save, linkForAdministrator } = createLinks(deps);

  const openOnes = (): Record<string, unknown> => ({ usedAt: { $exists: false }, endsAt: { $gt: new Date(now()) } });
  const scopeOf = (by: Administrator): Record<string, unknown> =>
    isGlobal(by) ? {} : { organization: { $in: [...by.organizations] } };

  async function need(token: string): Promise<Invitation> {
    const invitation = await models.invitations.findById(idOf(token)).lean();
    const why =
      invitation === null
        ? 'This link is not good'
        : invitation.usedAt !== undefined
          ? 'This link was used already; sign in'
          : invitation.endsAt.getTime() <= now()
            ? 'This link has ended; ask for another'
            : undefined;
    if (why !== undefined) throw new FhirError('not-found', why, { expression: 'token' });
    return invitation!;
  }

  /** the name of whom somebody is asked to care for */
  async function patientIn({ carer }: Invitation): Promise<string | undefined> {
    const name = carer && (await nameOf(store, carer.patient));
    if (carer !== undefined && name === undefined)
      throw new FhirError('not-found', 'The patient is not here any more', { expression: 'token' });
    return name;
  }

  async function use(id: string, { account, beside }: Entry): Promise<void> {
    const { modifiedCount } = await beside((session) =>
      models.invitations
        .updateOne({ _id: id, ...openOnes() }, { $set: { usedAt: new Date(now()) } }, { session })
        .exec(),
    );
    if (modifiedCount === 0)
      throw new FhirError('conflict', 'This link was used by somebody else', { expression: 'token' });
    // with the first administrator, links that lie about on other terminals are of no use any more
    if (!account.roles.some(({ code }) => code === 'admin')) return;
    await beside((session) =>
      models.invitations.deleteMany({ email: { $exists: false }, usedAt: { $exists: false } }, { session }).exec(),
    );
  }

  const roleFrom = ({ role, organization, department, by }: Invitation): HeldRole => ({
    code: role!,
    status: 'active',
    ...(organization !== undefined && { organization }),
    ...(department !== undefined && { department }),
    since: new Date(now()),
    ...(by !== undefined && { by }),
  });

  const proxyFor = (patient: string): ActsFor => ({ patient, relatedPerson: store.newId(), since: new Date(now()) });

  async function relate(
    { account: who, tx }: Entry,
    { relatedPerson: id, ...relation }: ActsFor & { relationship?: string },
  ): Promise<void> {
    const resource = relatedPersonOf({ id, who, ...relation }) as unknown as Resource;
    await tx.write([{ kind: 'create', type: 'RelatedPerson', id, resource }]);
  }

  return {
    use,
    save,
    async invite(by, { email, role: wanted, organization, department, firstName, lastName }) {
      const role = needRole(wanted);
      refuse([
        firstName === undefined ? undefined : wrongName(firstName, 'firstName'),
        lastName === undefined ? undefined : wrongName(lastName, 'lastName'),
      ]);
      const place = await administration.placeToGive(by, role, organization);
      const where = place === undefined ? undefined : await needOrganization(store, place);
      const to = needEmail(email);
      const { saved, link } = await save(
        {
          email: to,
          role,
          ...(place !== undefined && { organization: place }),
          ...(department !== undefined && { department }),
          ...(firstName !== undefined && { firstName: firstName.trim() }),
          ...(lastName !== undefined && { lastName: lastName.trim() }),
          by: by.id,
        },
        INVITATION_MS,
      );
      const facts = { role, url: link, ...(where !== undefined && { where }) };
      await mails.send('invitation', to, facts, saved.endsAt.getTime());
      return saved;
    },

    list: (by) =>
      models.invitations
        .find({ role: { $exists: true }, ...openOnes(), ...scopeOf(by) })
        .sort({ createdAt: -1 })
        .limit(1000)
        .lean()
        .exec(),

    async revoke(by, ref) {
      const { deletedCount } = await models.invitations.deleteOne({ ref, ...openOnes(), ...scopeOf(by) });
      if (deletedCount === 0)
        throw new FhirError('not-found', 'There is no such open invitation', { expression: 'id' });
    },

    async look(token) {
      const invitation = await need(token);
      const { email } = invitation;
      const patient = await patientIn(invitation);
      const hasAccount = email !== undefined && (await book.findByEmail(email)) !== undefined;
      return { invitation, hasAccount, ...(patient !== undefined && { patient }) };
    },

    async accept({ token, password, ...who }, visitor) {
      const invitation = await need(token);
      await patientIn(invitation);
      const { _id, email, carer } = invitation;
      const { firstName = invitation.firstName ?? '', lastName = invitation.lastName ?? '', phone } = who;
      const request = { firstName, lastName, password, ...(phone !== undefined && { phone }) };
      if (email === undefined) {
        if (who.email === undefined) throw new FhirError('required', 'email is missing', { expression: 'email' });
        return registrations().beginFirst({ ...request, email: who.email }, _id, visitor);
      }
      const known = await book.findByEmail(email);
      if (known !== undefined) {
        await signIn().checkPassword(known, password, visitor, 'password');
        const account = await book.change(known._id, async (entry) => {
          await use(_id, entry);
          if (carer !== undefined) {
            const proxy = proxyFor(carer.patient);
            entry.account.proxies = [
              ...entry.account.proxies.filter(({ patient }) => patient !== carer.patient),
              proxy,
            ];
            await relate(entry, { ...carer, ...proxy });
            return;
          }
          const role = roleFrom(invitation);
          const isOther = (held: HeldRole): boolean =>
            held.code !== role.code || held.organization !== role.organization;
          entry.account.roles = [...entry.account.roles.filter(isOther), role];
        });
        return { account };
      }
      refuse(wrongParticulars(request));
      const proxy = carer && proxyFor(carer.patient);
      const account = await book.add(
        {
          ...particularsIn(request),
          email,
          password: await passwords.hash(password),
          roles: carer === undefined ? [roleFrom(invitation)] : [],
          ...(proxy && { proxies: [proxy] }),
        },
        async (entry) => {
          await use(_id, entry);
          if (proxy !== undefined) await relate(entry, { ...carer, ...proxy });
        },
      );
      return { account };
    },

    linkForAdministrator,
  };
}
