// What administrators do with accounts: find, approve, withdraw, deactivate. One of a hospital does it for the own hospital only.
import { FhirError } from '../../model/errors.ts';
import type { Store } from '../../storage/store.ts';
import type { Tokens } from '../tokens.ts';
import { type Book, type Entry, wordsIn } from './book.ts';
import type { AccountDocument, HeldRole } from './documents.ts';
import type { Hospitals } from './hospitals.ts';
import type { Mails } from './mails.ts';
import type { Models } from './models.ts';
import { needOrganization, needRole } from './registrations.ts';
import { type RoleCode, roleOf } from './roles.ts';
import { type Administrator, isGlobal } from './visitor.ts';

export interface ListRequest {
  role?: string;
  status?: string;
  text?: string;
  organization?: string;
  /** only this one */
  account?: string;
  count?: number;
  after?: string;
}

export interface AccountPage {
  total: number;
  accounts: AccountDocument[];
  next?: string;
}

export interface RoleRequest {
  account: string;
  role?: string;
  organization?: string;
  department?: string;
}

export interface GivenRole {
  role: RoleCode;
  organization?: string;
}

export interface Administration {
  list(by: Administrator, request: ListRequest): Promise<AccountPage>;
  approve(by: Administrator, request: RoleRequest): Promise<{ account: AccountDocument; given: GivenRole }>;
  withdraw(by: Administrator, request: RoleRequest & { role: string }): Promise<AccountDocument>;
  deactivate(by: Administrator, account: string, reason?: string): Promise<AccountDocument>;
  reactivate(by: Administrator, account: string): Promise<AccountDocument>;
  /** class of rate limits: `premium`, or the usual one */
  setLimits(by: Administrator, account: string, limits: 'premium' | 'standard'): Promise<AccountDocument>;
  /** throws where this administrator has no say in this account */
  needSayIn(by: Administrator, account: string): Promise<void>;
  /** where the role would be held, which is said only where there is a choice; throws where this administrator may not give it */
  placeToGive(by: Administrator, role: RoleCode, organization: string | undefined): Promise<string | undefined>;
}

export interface AdministrationDeps {
  store: Store;
  book: Book;
  models: Pick<Models, 'accounts'>;
  hospitals: Hospitals;
  mails: Mails;
  tokens: Pick<Tokens, 'endAllOf'>;
  now: () => number;
}

const PAGE = 20;
const LONGEST_PAGE = 100;

export function createAdministration(deps: AdministrationDeps): Administration {
  const { store, book, models, hospitals, mails, tokens, now } = deps;

  const placeToGive: Administration['placeToGive'] = async ({ roles, organizations }, role, organization) => {
    if (isGlobal({ roles })) {
      if (roleOf(role).isGlobal) return undefined;
      return organization ?? (roleOf(role).isOpen ? undefined : await hospitals.theOne());
    }
    if (roleOf(role).isGlobal)
      throw new FhirError('forbidden', `Only an administrator of the server makes others ${role}`, {
        expression: 'role',
      });
    const place = organization ?? (organizations.length === 1 ? organizations[0] : undefined);
    if (place === undefined) throw await hospitals.choiceOf(organizations);
    if (organizations.includes(place)) return place;
    throw new FhirError('forbidden', `You are no administrator of Organization/${place}`, {
      expression: 'organization',
    });
  };

  /** The request that is meant, among those that the administrator has a say in; undefined where another role is given. */
  async function requestIn(
    { roles }: AccountDocument,
    by: Administrator,
    { role, organization }: { role?: RoleCode | undefined; organization?: string | undefined },
  ): Promise<HeldRole | undefined> {
    const waiting = roles.filter(
      (held) =>
        held.status === 'pending' &&
        (role ?? held.code) === held.code &&
        (isGlobal(by) || held.organization === undefined || by.organizations.includes(held.organization)),
    );
    // what was asked for there, else what was asked for without a place, else what is to be held elsewhere than it was asked for
    const fitting = [
      waiting.filter((held) => held.organization === organization),
      waiting.filter((held) => held.organization === undefined),
      waiting,
    ].find(({ length }) => length > 0);
    if (fitting?.length === 1) return fitting[0];
    const codes = new Set(fitting?.map(({ code }) => code));
    if (role === undefined && (codes.size !== 1 || organization !== undefined)) throw notOneWaits([...codes]);
    if (fitting === undefined || organization !== undefined) return undefined;
    throw await hospitals.choiceOf(fitting.flatMap((held) => held.organization ?? []));
  }

  /** Whoever works at one of the administrator's organizations, or asked to. Others are as good as not there. */
  function refuseStrangers({ roles, organizations }: Administrator, account: AccountDocument): void {
    const isOurs = account.roles.some(
      ({ organization }) => organization !== undefined && organizations.includes(organization),
    );
    if (!isGlobal({ roles }) && !isOurs) throw unknownAccount();
  }

  /** To end an account is a matter of all who gave it a role. */
  function refuseSharedAccounts(by: Administrator, account: AccountDocument): void {
    refuseStrangers(by, account);
    if (isGlobal(by)) return;
    const elsewhere = account.roles.filter(
      ({ code, organization }) => !roleOf(code).isOpen && !by.organizations.includes(organization ?? ''),
    );
    if (elsewhere.length === 0) return;
    throw new FhirError(
      'forbidden',
      'This account has roles outside your organizations; withdraw its role here instead',
      {
        expression: 'account',
      },
    );
  }

  /** The number of administrators is changed by one after the other, so that two do not end each other. */
  async function keepAnAdministrator({ account, tx, beside }: Entry): Promise<void> {
    if (!account.roles.some(({ code, status }) => code === 'admin' && status === 'active')) return;
    await tx.changePlace('accounts', 'administrators', {}, { $inc: { changes: 1 } }, { changes: 0 });
    const others = await beside((session) =>
      models.accounts
        .countDocuments({
          _id: { $ne: account._id },
          status: 'active',
          roles: { $elemMatch: { code: 'admin', status: 'active' } },
        })
        .session(session)
        .exec(),
    );
    if (others > 0) return;
    throw new FhirError('conflict', 'This is the last administrator', { expression: 'account' });
  }

  const isSelf = (by: Administrator, account: string): boolean => by.id === account;

  return {
    placeToGive,
    async needSayIn(by, id) {
      const account = await book.find(id);
      if (account === undefined) throw unknownAccount();
      refuseSharedAccounts(by, account);
      // whoever has the account has the person's own record too, whose ever patient that is
      const isPersonal = account.roles.some(({ code }) => roleOf(code).isOpen) || account.proxies.length > 0;
      if (isGlobal(by) || !isPersonal) return;
      throw new FhirError(
        'forbidden',
        'This person is a patient or a carer too: an administrator of the server does it',
        {
          expression: 'account',
        },
      );
    },

    async list(by, request) {
      const { count = PAGE, after } = request;
      const filter = { $and: [...criteriaOf(request), ...scopeOf(by)] };
      const limit = Math.min(count, LONGEST_PAGE);
      const position = after === undefined ? [] : [positionAfter(after)];
      const all = filter.$and.length === 0 ? {} : filter;
      const page = [...filter.$and, ...position];
      const [total, accounts] = await Promise.all([
        models.accounts.countDocuments(all),
        models.accounts
          .find(page.length === 0 ? {} : { $and: page })
          .sort({ sortName: 1, _id: 1 })
          .limit(limit + 1)
          .lean(),
      ]);
      const last = accounts.length > limit ? accounts[limit - 1] : undefined;
      return { total, accounts: accounts.slice(0, limit), ...(last && { next: nextOf(last) }) };
    },

    async approve(by, { account: id, role, organization, department }) {
      const wanted = role === undefined ? undefined : needRole(role);
      if (organization !== undefined) await needOrganization(store, organization);
      let given: GivenRole;
      const account = await book.change(id, async ({ account }) => {
        refuseStrangers(by, account);
        const held = await requestIn(account, by, { role: wanted, organization });
        const code = wanted ?? held!.code;
        const place = await placeToGive(by, code, organization ?? held?.organization);
        const at = {
          ...(place !== undefined && { organization: place }),
          ...(department !== undefined && { department }),
        };
        const same = account.roles.find(
          (one) => one.code === code && one.status === 'active' && one.organization === place,
        );
        const next: HeldRole = { ...(same ?? held), ...at, code, status: 'active', since: new Date(now()), by: by.id };
        account.roles = [...account.roles.filter((one) => one !== held && one !== same), next];
        given = { role: code, ...(place !== undefined && { organization: place }) };
      });
      const { role: code, organization: place } = given!;
      const where = place === undefined ? undefined : await needOrganization(store, place);
      await mails.send('approved', account.email, { role: code, ...(where !== undefined && { where }) });
      return { account, given: given! };
    },

    async withdraw(by, { account: id, role, organization }) {
      const code = needRole(role);
      if (isSelf(by, id)) throw notYourself();
      const needEnding = (account: AccountDocument): readonly HeldRole[] => {
        refuseStrangers(by, account);
        const ending = account.roles.filter(
          (held) =>
            held.code === code &&
            (organization === undefined || held.organization === organization) &&
            (isGlobal(by) || by.organizations.includes(held.organization ?? '')),
        );
        if (ending.length > 0) return ending;
        throw new FhirError('not-found', `The account does not have the role ${code} there`, { expression: 'role' });
      };
      const known = await book.find(id);
      if (known === undefined) throw unknownAccount();
      // nobody is signed out by who may not withdraw anything
      needEnding(known);
      await tokens.endAllOf(id, { keepsWork: true });
      const account = await book.change(id, async (entry) => {
        const { account } = entry;
        const ending = needEnding(account);
        if (code === 'admin') await keepAnAdministrator(entry);
        account.roles = account.roles.filter((held) => !ending.includes(held));
      });
      // again: a token may have been made while the role was still there
      await tokens.endAllOf(id, { keepsWork: true });
      await mails.send('roleWithdrawn', account.email, { role: code });
      return account;
    },

    async deactivate(by, id, reason) {
      if (isSelf(by, id)) throw notYourself();
      const account = await book.change(id, async (entry) => {
        refuseSharedAccounts(by, entry.account);
        await keepAnAdministrator(entry);
        entry.account.status = 'deactivated';
        if (reason !== undefined) entry.account.reason = reason;
      });
      await tokens.endAllOf(id);
      return account;
    },

    async setLimits(by, id, limits) {
      if (!isGlobal(by)) throw new FhirError('forbidden', 'Only administrators of the server may do this');
      return book.change(id, ({ account }) => {
        if (limits === 'premium') account.limits = limits;
        else delete account.limits;
      });
    },

    async reactivate(by, id) {
      return book.change(id, ({ account }) => {
        refuseSharedAccounts(by, account);
        account.status = 'active';
        delete account.reason;
      });
    },
  };
}

const unknownAccount = (): FhirError =>
  new FhirError('not-found', 'There is no such account', { expression: 'account' });

const notYourself = (): FhirError =>
  new FhirError('conflict', 'This is your own account; another administrator has to do it', { expression: 'account' });

const notOneWaits = (codes: readonly RoleCode[]): FhirError =>
  codes.length === 0
    ? new FhirError('conflict', 'No role of this account waits for approval; say which role to give', {
        expression: 'role',
      })
    : new FhirError('required', `Say which role: ${codes.join(', ')}`, { expression: 'role' });

type Criterion = Record<string, unknown>;

function criteriaOf({ role, status, text, organization, account }: ListRequest): Criterion[] {
  return [
    ...(role === undefined ? [] : [{ 'roles.code': needRole(role) }]),
    ...(organization === undefined ? [] : [{ 'roles.organization': organization }]),
    ...(account === undefined ? [] : [{ _id: account }]),
    ...(status === undefined ? [] : [byStatus(status)]),
    ...wordsIn(text ?? '').map((word) => ({ words: { $regex: `^${word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}` } })),
  ];
}

const statuses: Readonly<Record<string, Criterion>> = {
  active: { status: 'active' },
  deactivated: { status: 'deactivated' },
  pending: { status: 'active', 'roles.status': 'pending' },
};

function byStatus(status: string): Criterion {
  const criterion = statuses[status];
  if (criterion !== undefined) return criterion;
  throw new FhirError('code-invalid', `'${status}' is no status; there are ${Object.keys(statuses).join(', ')}`, {
    expression: 'status',
  });
}

const scopeOf = (by: Administrator): Criterion[] =>
  isGlobal(by) ? [] : [{ 'roles.organization': { $in: [...by.organizations] } }];

const nextOf = ({ sortName, _id }: AccountDocument): string =>
  Buffer.from(JSON.stringify([sortName, _id])).toString('base64url');

function positionAfter(after: string): Criterion {
  try {
    const [sortName, id] = JSON.parse(Buffer.from(after, 'base64url').toString()) as unknown[];
    if (typeof sortName === 'string' && typeof id === 'string') {
      return { $or: [{ sortName: { $gt: sortName } }, { sortName, _id: { $gt: id } }] };
    }
  } catch {
    // said below
  }
  throw new FhirError('value', 'after is not what an answer gave as next', { expression: 'after' });
}
