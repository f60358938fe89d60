// The server process: reads the settings, starts what it needs in order, listens, and takes it all down again.
import { offerFirstAdministrator } from './cli/first-administrator.ts';
import { seedOnFirstStart } from './cli/seed.ts';
import { systemClock } from './platform/clock/clock.ts';
import { readConfig } from './platform/config/config.ts';
import { createLogger } from './platform/logger/logger.ts';
import { StartError } from './platform/start-error.ts';
import { startServer } from './server.ts';

let stopping = false;

try {
  const config = readConfig();
  const logger = createLogger({ level: config.logLevel, format: config.logFormat });
  const server = await startServer(config, logger, { onLost: (reason) => end(reason) });
  const end = (reason: string): void => {
    if (stopping) return;
    stopping = true;
    logger.error(reason);
    void server.close().finally(() => process.exit(1));
  };
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.info(`stopping (${signal}); a second signal ends at once`);
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error('could not stop cleanly', { error: String(error) });
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  if (config.seed === 'demo') await seedOnFirstStart({ server, timeZone: config.timeZone, now: systemClock });
  const { accounts } = server.service;
  if (accounts !== undefined) await offerFirstAdministrator(accounts, (line) => console.log(line));
  console.log(`FHIR base URL: ${server.base}`);
} catch (error) {
  // Whoever stops the server while it loads the demo hospital cuts that off; the next start goes on with it.
  if (!stopping) {
    if (!(error instanceof StartError)) throw error;
    console.error(error.message);
    process.exit(error.exitCode);
  }
}
