// What a command may do because it has the server's database and its secret: make access tokens. Each is on record before it is used.
import { recordSignIn } from '../fhir/audit/record-sign-in.ts';
import type { SignInEvent } from '../fhir/audit/recorder.ts';
import { accountAs } from '../fhir/auth/accounts/acting.ts';
import type { AccountDocument } from '../fhir/auth/accounts/documents.ts';
import { createFindAccount } from '../fhir/auth/accounts/find-account.ts';
import { createOperatorTokens, type OperatorToken } from '../fhir/auth/oauth/operator-token.ts';
import { createSigningKeys, SEAL_PURPOSE } from '../fhir/auth/oauth/signing-keys.ts';
import { OPERATOR } from '../fhir/auth/oauth/token-claims.ts';
import { createAuditLog } from '../fhir/storage/mongo/audit/index.ts';
import { createGrantStore } from '../fhir/storage/mongo/grants/index.ts';
import { systemClock } from '../platform/clock/clock.ts';
import { auditFolder, type Config } from '../platform/config/config.ts';
import { createLogger } from '../platform/logger/logger.ts';
import { createSeal, createSecrets } from '../platform/secrets/secrets.ts';
import { StartError } from '../platform/start-error.ts';
import { withDatabase } from './database.ts';

export interface Operator {
  find(email: string): Promise<AccountDocument | undefined>;
  /** throws where the account may not sign in either */
  tokenOf(account: AccountDocument): Promise<OperatorToken>;
  /** of the command itself */
  ownToken(): Promise<OperatorToken>;
  /** those that commands made for this account, or for themselves; tells how many */
  endTokens(account?: AccountDocument): Promise<number>;
}

/** `base`: of the server that takes the tokens, as clients see it. */
export function withOperator<T>(config: Config, base: string, work: (operator: Operator) => Promise<T>): Promise<T> {
  return withDatabase(config, async (db) => {
    const secrets = createSecrets({ db, secret: config.serverSecret });
    const { grants, signingKeys } = await createGrantStore(db);
    // first of all, because another secret shows here
    const seal = createSeal(await secrets.key(SEAL_PURPOSE));
    const keys = await createSigningKeys({ store: signingKeys, grants, seal, now: systemClock });
    const tokens = createOperatorTokens({ base, grants, keys, now: systemClock });
    const find = createFindAccount({ client: db.client, db });

    async function record(
      event: Omit<SignInEvent, 'act' | 'client' | 'address'> & { act?: SignInEvent['act'] },
    ): Promise<void> {
      const journal = {
        log: createAuditLog(db),
        folder: auditFolder(config),
        key: await secrets.key('audit'),
        now: systemClock,
        sync: 'always' as const,
        logger: createLogger({ level: 'warn', format: config.logFormat, stream: process.stderr }),
      };
      await recordSignIn(journal, { act: 'login', client: OPERATOR, address: '', ...event });
    }

    return work({
      find,
      async tokenOf({ _id, email }) {
        const refuse = async (): Promise<never> => {
          await record({ account: _id, status: 403, refusal: 'forbidden' });
          throw new StartError(`${email} is deactivated, and gets no token. An administrator may reactivate it.`);
        };
        const account = await find(email);
        if (account?.status !== 'active') return refuse();
        const person = accountAs(account)!;
        const made = await tokens.ofAccount(person);
        // a deactivation at this very moment ended the grants that were there before this one
        if ((await find(email))?.status !== 'active') {
          await grants.end(made.grant);
          return refuse();
        }
        const { roles, organizations, fhirUser } = person;
        await record({
          account: _id,
          ...(fhirUser !== undefined && { fhirUser }),
          roles,
          organizations,
          status: 200,
          token: made.id,
        });
        return made;
      },
      async ownToken() {
        const made = await tokens.ofCommandLine();
        await record({ account: OPERATOR, isClient: true, status: 200, token: made.id });
        return made;
      },
      async endTokens(account) {
        const count = await tokens.end(account?._id ?? OPERATOR);
        const whose = account === undefined ? { account: OPERATOR, isClient: true as const } : { account: account._id };
        if (count > 0) await record({ act: 'logout', ...whose, status: 200 });
        return count;
      },
    });
  });
}
