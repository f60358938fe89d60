// Accounts for tests of the issuer that need no mail: real passwords and codes, kept in memory, the code readable by the test.
import { randomBytes, randomInt } from 'node:crypto';
import type { Account, SignIn, Visitor } from '../../src/fhir/auth/sign-in.ts';
import type { Subject } from '../../src/fhir/auth/tokens.ts';
import { FhirError } from '../../src/fhir/model/errors.ts';

export interface TestAccount extends Account {
  password: string;
  isActive: boolean;
}

export interface TestAccounts extends SignIn {
  add(account: Partial<TestAccount> & { id: string }): TestAccount;
  /** the code that was sent last to an address */
  codeFor(email: string): string;
}

/** Who has just signed in, for `tokens.issue`. */
export const aSubject = (more: Partial<Subject> = {}): Subject => ({
  account: 'd1',
  roles: ['doctor'],
  organizations: [],
  amr: ['pwd'],
  since: Date.now(),
  address: '192.0.2.7',
  ...more,
});

const refuse = (sentence: string): FhirError => new FhirError('login', sentence);

export function createTestAccounts(now = Date.now): TestAccounts {
  const accounts = new Map<string, TestAccount>();
  const challenges = new Map<string, { account: TestAccount; code: string; visitor: Visitor }>();

  const newCode = (): string => String(randomInt(1_000_000)).padStart(6, '0');

  return {
    add(given) {
      const account = {
        email: `${given.id}@example.org`,
        name: given.id,
        roles: ['doctor'],
        organizations: [],
        password: `Secret-${given.id}-1`,
        isActive: true,
        ...given,
      };
      accounts.set(account.id, account);
      return account;
    },
    codeFor: (email) => [...challenges.values()].findLast(({ account }) => account.email === email)!.code,
    async begin(email, password, visitor) {
      const account = [...accounts.values()].find((one) => one.email === email);
      if (account?.password !== password || !account.isActive)
        throw refuse('The e-mail address or the password is wrong');
      const challenge = randomBytes(12).toString('hex');
      challenges.set(challenge, { account, code: newCode(), visitor });
      return { challenge };
    },
    async resend(challenge) {
      const known = challenges.get(challenge);
      if (known !== undefined) known.code = newCode();
    },
    async complete(challenge, code) {
      const known = challenges.get(challenge);
      if (known?.code !== code) throw refuse('The code is wrong');
      challenges.delete(challenge);
      const { id, roles, organizations, fhirUser } = known.account;
      return {
        account: id,
        roles,
        organizations,
        ...(fhirUser !== undefined && { fhirUser }),
        amr: ['pwd', 'otp'],
        since: now(),
        ...known.visitor,
      };
    },
    async account(id) {
      const found = accounts.get(id);
      return found?.isActive ? found : undefined;
    },
    tellOfLink: async () => undefined,
  };
}
