// The server that a command works on: the one that runs, else one that lives only for the command.
import type { Config } from '../platform/config/config.ts';
import { createLogger } from '../platform/logger/logger.ts';
import { StartError } from '../platform/start-error.ts';
import { type RunningServer, startServer } from '../server.ts';
import { type Client, createClient } from './import/client.ts';

export interface Target {
  base: string;
  client: Client;
  close(): Promise<void>;
}

/** Where a server of these settings answers. */
export function baseOf({ host, port, baseUrl, tlsCert }: Config): string {
  return (
    baseUrl ?? `${tlsCert === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}/fhir`
  );
}

export async function openTarget(config: Config, connections: number): Promise<Target> {
  const base = baseOf(config);
  const client = createClient(base, connections);
  if (await client.isThere()) return { base, client, close: async () => client.close() };
  client.close();
  if (config.baseUrl !== undefined) throw new StartError(`No FHIR server answers at BASE_URL=${base}.`);
  console.error(`No server answers at ${base}; starting one for this command …`);
  const server = await startPrivately(config);
  const own = createClient(server.base, connections);
  return {
    base: server.base,
    client: own,
    close: async () => {
      own.close();
      await server.close();
    },
  };
}

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
  return startServer(settings, logger, { onLost: (reason) => logger.error(reason) });
}
