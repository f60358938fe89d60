// The book of accounts: every change of one, together with the Patient or Practitioner that belongs to it, in one transaction.
import type { ClientSession } from 'mongoose';
import { FhirError } from '../../model/errors.ts';
import { parseJson } from '../../model/json.ts';
import type { Resource } from '../../model/resource.ts';
import type { Store, Transaction, Write } from '../../storage/store.ts';
import type { AccountDocument, ActsFor, HeldRole } from './documents.ts';
import type { Models } from './models.ts';
import { type Particulars, type Person, personOf, practitionerRoleOf, withParticulars } from './person.ts';
import { roleOf } from './roles.ts';

export interface NewAccount extends Particulars {
  /** its hash */
  password: string;
  roles: readonly HeldRole[];
  proxies?: readonly ActsFor[];
  /** the resources that are this person, where they are here already (the demo hospital); else they are made */
  practitioner?: string;
  patient?: string;
}

/** What a change of an account may touch. */
export interface Entry {
  account: AccountDocument;
  tx: Transaction;
  /** work on our own collections in the same transaction */
  beside: Beside;
}

export type Beside = <T>(work: (session: ClientSession) => Promise<T>) => Promise<T>;

export interface Book {
  find(id: string): Promise<AccountDocument | undefined>;
  findByEmail(email: string): Promise<AccountDocument | undefined>;
  /** 409 where the address has an account. `besides`: what must happen with it or not at all */
  add(account: NewAccount, besides?: (entry: Entry) => Promise<void>): Promise<AccountDocument>;
  /**
   * Runs `change` on the account as it is, saves what it made of it, and brings the resources in step with its roles. `particulars` are
   * written to the resources too. 404 where there is no such account.
   */
  change(
    id: string,
    change: (entry: Entry) => void | Promise<void>,
    particulars?: Partial<Particulars>,
  ): Promise<AccountDocument>;
}

export interface BookDeps {
  store: Store;
  models: Pick<Models, 'accounts' | 'emails'>;
  now: () => number;
}

const DUPLICATE_KEY = 11000;
/** collections are made before the transaction instead of in the middle of it */
const expected: readonly Write[] = ['Patient', 'Practitioner', 'PractitionerRole', 'RelatedPerson'].map((type) => ({
  kind: 'create',
  type,
  resource: { resourceType: type },
}));

export function createBook({ store, models, now }: BookDeps): Book {
  const { accounts, emails } = models;

  async function claimEmail(email: string, account: string, session: ClientSession): Promise<void> {
    try {
      await emails.collection.insertOne({ _id: email, account } as never, { session });
    } catch (error) {
      throw (error as { code?: unknown }).code === DUPLICATE_KEY ? emailTaken() : error;
    }
  }

  /** Makes the resources that the roles ask for, whose ids it writes into the account, and says in them what is active. */
  function keepInStep(account: AccountDocument, who: Particulars, sheet: Sheet): void {
    const kept = account.roles.filter(({ code }) => roleOf(code).person === 'Practitioner');
    if (kept.length < account.roles.length) {
      account.patient ??= sheet.add((id) => personOf('Patient', id, who, true));
    }
    if (kept.length > 0) {
      account.practitioner ??= sheet.add((id) => personOf('Practitioner', id, who, false));
    }
    const { practitioner } = account;
    if (practitioner === undefined) return;
    sheet.setActive('Practitioner', practitioner, kept.some(isActive));
    for (const role of kept) {
      const { code, organization } = role;
      if (organization === undefined) continue;
      role.practitionerRole ??= sheet.add((id) => practitionerRoleOf({ id, code, practitioner, organization }));
      sheet.setActive('PractitionerRole', role.practitionerRole, isActive(role));
    }
  }

  return {
    find: async (id) => (await accounts.findById(id).lean()) ?? undefined,
    findByEmail: async (email) => (await accounts.findOne({ email }).lean()) ?? undefined,

    async add({ password, roles, proxies = [], practitioner, patient, ...who }, besides) {
      const at = new Date(now());
      const { firstName, lastName, email, phone } = who;
      return store.transaction(
        async (tx) => {
          const account: AccountDocument = {
            _id: store.newId(),
            email,
            firstName,
            lastName,
            ...(phone !== undefined && { phone }),
            status: 'active',
            roles: roles.map((role) => ({ ...role })),
            ...(practitioner !== undefined && { practitioner }),
            ...(patient !== undefined && { patient }),
            proxies: [...proxies],
            password,
            lastPasswords: [password],
            passwordChangedAt: at,
            places: [],
            ...listed(who),
            createdAt: at,
            updatedAt: at,
          };
          const sheet = await openSheet(tx, store.newId, resourcesOf(account));
          keepInStep(account, who, sheet);
          await sheet.save();
          const beside = besideOf(tx);
          await beside(async (session) => {
            await claimEmail(email, account._id, session);
            await accounts.insertMany([account], { session });
          });
          await besides?.({ account, tx, beside });
          return account;
        },
        { expected },
      );
    },

    async change(id, change, particulars = {}) {
      return store.transaction(
        async (tx) => {
          const beside = besideOf(tx);
          const account = await beside((session) => accounts.findById(id).session(session).lean().exec());
          if (account === null) throw new FhirError('not-found', 'There is no such account', { expression: 'account' });
          const before: AccountDocument = { ...account, roles: account.roles.map((role) => ({ ...role })) };
          await change({ account, tx, beside });

          const sheet = await openSheet(tx, store.newId, [...resourcesOf(before), ...resourcesOf(account)]);
          const stays = new Set(resourcesOf(account).map(({ id: of }) => of));
          for (const { type, id: of } of resourcesOf(before)) if (!stays.has(of)) sheet.setActive(type, of, false);
          keepInStep(account, { ...account, ...particulars }, sheet);
          if (Object.keys(particulars).length > 0) {
            sheet.change('Patient', account.patient, (person) => withParticulars(person, particulars));
            sheet.change('Practitioner', account.practitioner, (person) => withParticulars(person, particulars));
          }
          await sheet.save();
          Object.assign(account, listed(account), { updatedAt: new Date(now()) });
          await beside(async (session) => {
            if (account.email !== before.email) {
              await claimEmail(account.email, id, session);
              await emails.deleteOne({ _id: before.email }, { session });
            }
            await accounts.replaceOne({ _id: id }, account, { session });
          });
          return account;
        },
        { expected },
      );
    },
  };
}

const besideOf =
  (tx: Transaction): Beside =>
  (work) =>
    tx.alongside((session) => work(session as ClientSession));

export const emailTaken = (expression = 'email'): FhirError =>
  new FhirError('duplicate', 'There is an account for this e-mail address', { expression });

const isActive = ({ status }: HeldRole): boolean => status === 'active';

function resourcesOf({ patient, practitioner, roles }: AccountDocument): { type: string; id: string }[] {
  return [
    ...(patient === undefined ? [] : [{ type: 'Patient', id: patient }]),
    ...(practitioner === undefined ? [] : [{ type: 'Practitioner', id: practitioner }]),
    ...roles.flatMap(({ practitionerRole: id }) => (id === undefined ? [] : [{ type: 'PractitionerRole', id }])),
  ];
}

/** The resources of one account while it is changed. What was deleted meanwhile is left alone. */
type Sheet = Awaited<ReturnType<typeof openSheet>>;

async function openSheet(tx: Transaction, newId: () => string, names: readonly { type: string; id: string }[]) {
  const versions = names.length === 0 ? [] : await tx.readMany(names);
  const stored = new Map<string, Resource>();
  for (const version of versions) {
    if (version?.bytes) stored.set(`${version.type}/${version.id}`, parseJson(version.bytes) as Resource);
  }
  const now = new Map(stored);

  function change<R extends Person>(type: string, id: string | undefined, how: (resource: R) => R): void {
    const name = `${type}/${id}`;
    const resource = now.get(name);
    if (resource !== undefined) now.set(name, how(resource as unknown as R) as unknown as Resource);
  }

  return {
    change,
    add(make: (id: string) => { resourceType: string }): string {
      const id = newId();
      const resource = make(id);
      now.set(`${resource.resourceType}/${id}`, resource as unknown as Resource);
      return id;
    },
    setActive(type: string, id: string, active: boolean): void {
      change(type, id, (resource) => ((resource.active ?? true) === active ? resource : { ...resource, active }));
    },
    async save(): Promise<void> {
      const writes = [...now].flatMap(([name, resource]): Write[] => {
        const before = stored.get(name);
        if (before === resource) return [];
        const { resourceType: type, id = '' } = resource;
        return [{ kind: before === undefined ? 'create' : 'update', type, id, resource }];
      });
      if (writes.length > 0) await tx.write(writes);
    },
  };
}

/** What the list of accounts is searched and ordered by. */
function listed({
  firstName,
  lastName,
  email,
  phone,
}: Pick<Particulars, 'firstName' | 'lastName' | 'email' | 'phone'>) {
  const words = [firstName, lastName, email, ...email.split(/[@.+_-]/), phone ?? ''].flatMap(wordsIn);
  return { words: [...new Set(words)], sortName: [...wordsIn(lastName), ...wordsIn(firstName)].join(' ') };
}

/** `Élodie O’Brien` → `elodie`, `o’brien` */
export const wordsIn = (text: string): string[] =>
  text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
