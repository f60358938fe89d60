// How a command shows a server who it is: the token it was given, else one that it makes itself where it has the server's database.
import { systemClock } from '../platform/clock/clock.ts';
import type { Config } from '../platform/config/config.ts';
import { runningMongodUri } from '../platform/engines/running.ts';
import { StartError } from '../platform/start-error.ts';
import { withOperator } from './operator.ts';

export interface Credential {
  /** of the Authorization header */
  authorization(): Promise<string | undefined>;
  /** what to do about a 401 */
  refused(said: string): StartError;
}

/** An import may take longer than a token lives. */
const RENEW_MS = 5 * 60_000;

export function credentialFor(config: Config, base: string): Credential {
  if (config.token !== undefined) return given(config.token, base);
  const hasDatabase = config.mongodbUri !== undefined || runningMongodUri(config.dataDir) !== undefined;
  return hasDatabase ? made(config, base) : none(base);
}

const given = (token: string, base: string): Credential => ({
  authorization: async () => `Bearer ${token}`,
  refused: (said) =>
    new StartError(`${base} does not take this token: ${said}. \`npm run -s token -- EMAIL\` prints another.`),
});

const none = (base: string): Credential => ({
  authorization: async () => undefined,
  refused: () =>
    new StartError(
      `${base} wants to know who asks. Set WARDGATE_TOKEN, or give --token; where its database is, \`npm run -s token -- EMAIL\` prints one.`,
    ),
});

function made(config: Config, base: string): Credential {
  let latest: Promise<{ token: string; expires: number }> | undefined;
  let renewAt = 0;
  return {
    async authorization() {
      if (latest === undefined || systemClock() >= renewAt) {
        renewAt = Number.POSITIVE_INFINITY;
        latest = withOperator(config, base, (operator) => operator.ownToken());
        latest.then(
          ({ expires }) => {
            renewAt = expires - RENEW_MS;
          },
          () => {
            latest = undefined;
          },
        );
      }
      return `Bearer ${(await latest).token}`;
    },
    refused: (said) =>
      new StartError(
        `${base} does not take the token that was made for it: ${said}. ` +
          'It must be the server of this database, and BASE_URL and SERVER_SECRET what it was started with.',
      ),
  };
}
