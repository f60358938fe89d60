// The server that a command works on: the one that runs, else one that lives only for the command.

import type { Caller } from '../fhir/auth/caller.ts';
import { OPERATOR } from '../fhir/auth/oauth/token-claims.ts';
import type { Config } from '../platform/config/config.ts';
import { createLogger } from '../platform/logger/logger.ts';
import { StartError } from '../platform/start-error.ts';
import { type RunningServer, startServer } from '../server.ts';
import { baseOf } from './base.ts';
import { credentialFor } from './credential.ts';
import { type Client, createClient } from './import/client.ts';
import { createInnerClient } from './inner-client.ts';

export interface Target {
  base: string;
  client: Client;
  close(): Promise<void>;
}

export async function openTarget(config: Config, connections: number): Promise<Target> {
  const base = baseOf(config);
  if (base !== undefined) {
    const client = createClient(base, connections, credentialFor(config, base));
    if (await client.isThere()) return { base, client, close: async () => client.close() };
    client.close();
    if (config.baseUrl !== undefined) throw new StartError(`No FHIR server answers at BASE_URL=${base}.`);
    console.error(`No server answers at ${base}; starting one for this command …`);
  }
  const server = await startPrivately(config);
  return {
    base: server.base,
    client: createInnerClient(server.service, { base: server.base, callerOf: () => commandLine }),
    close: () => server.close(),
  };
}

/** Who works on a server of one's own, in its audit trail. */
const commandLine: Caller = {
  kind: 'client',
  id: OPERATOR,
  roles: ['admin'],
  organizations: [],
  client: OPERATOR,
  limits: 'admin',
  address: '',
};

/** On a free port of this machine; it says only what goes wrong. */
export function startPrivately(config: Config): Promise<RunningServer> {
  const logger = createLogger({ level: 'warn', format: config.logFormat, stream: process.stderr });
  const settings: Config = {
    ...config,
    host: '127.0.0.1',
    port: 0,
    seed: 'none',
    tlsCert: undefined,
    tlsKey: undefined,
  };
  return startServer(settings, logger, { onLost: (reason) => logger.error(reason), leavesMail: true });
}
