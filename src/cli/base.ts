// Where the server is that a command speaks to, or makes tokens and links for.
import type { Config } from '../platform/config/config.ts';
import { runningServer } from '../platform/engines/running.ts';

/**
 * Where a server of these settings answers, as clients see it: BASE_URL, else what the server said that runs on the data folder, else
 * HOST and PORT. undefined where these do not tell.
 */
export function baseOf({ host, port, baseUrl, tlsCert, mongodbUri, dataDir }: Config): string | undefined {
  const known = baseUrl ?? (mongodbUri === undefined ? runningServer(dataDir) : undefined);
  if (known !== undefined || port === 0) return known;
  return `${tlsCert === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}/fhir`;
}
