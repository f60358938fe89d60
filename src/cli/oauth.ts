// The authorization server's own things for commands, in the database that the settings name.
import type { OfflineOauth } from '../fhir/auth/oauth/offline.ts';
import { FhirError } from '../fhir/model/errors.ts';
import { createGrantStore } from '../fhir/storage/mongo/grants/index.ts';
import { systemClock } from '../platform/clock/clock.ts';
import type { Config } from '../platform/config/config.ts';
import { createSecrets } from '../platform/secrets/secrets.ts';
import { withDatabase } from './database.ts';

export function withOauth(config: Config, work: (oauth: OfflineOauth) => Promise<number>): Promise<number> {
  return withDatabase(config, async (db) => {
    const { openOffline } = await import('../fhir/auth/oauth/offline.ts');
    const secrets = createSecrets({ db, secret: config.serverSecret });
    const oauth = await openOffline({ store: await createGrantStore(db), secrets, now: systemClock });
    try {
      return await work(oauth);
    } catch (error) {
      if (!(error instanceof FhirError)) throw error;
      console.error(error.message);
      return 1;
    }
  });
}
