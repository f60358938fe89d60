// `wardgate admin create`: a one-time link with which somebody becomes an administrator. It works beside a server that runs.
import { administratorLink } from '../fhir/auth/accounts/administrator-link.ts';
import { readEmail } from '../fhir/auth/accounts/email-address.ts';
import type { Config } from '../platform/config/config.ts';
import { createSecrets } from '../platform/secrets/secrets.ts';
import { StartError } from '../platform/start-error.ts';
import { baseOf } from './base.ts';
import { withDatabase } from './database.ts';

/** Returns the exit code. */
export async function runAdminCreate(config: Config, given: string, now: () => number): Promise<number> {
  const email = readEmail(given);
  if (email === undefined) throw new StartError(`'${given}' is no e-mail address.`);
  const base = baseOf(config);
  if (base === undefined) throw new StartError('With PORT=0 set BASE_URL: the link leads to it.', 2);
  const { origin } = new URL(base);
  const link = await withDatabase(config, (db) =>
    administratorLink({
      mongo: { client: db.client, db },
      secrets: createSecrets({ db, secret: config.serverSecret }),
      origin,
      email,
      now,
    }),
  );
  console.log(`Open this link within 24 hours to become an administrator as ${email}. It works once:\n${link}`);
  return 0;
}
