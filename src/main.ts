// The server process: reads the settings, starts what it needs in order, listens, and takes it all down again.
import { offerFirstAdministrator } from './cli/first-administrator.ts';
import { greetingOf } from './cli/greeting.ts';
import { demoAccountsOnFirstStart, seedOnFirstStart } from './cli/seed.ts';
import { systemClock } from './platform/clock/clock.ts';
import { readServerConfig } from './platform/config/config.ts';
import { noteServer } from './platform/engines/running.ts';
import { createLogger } from './platform/logger/logger.ts';
import { StartError } from './platform/start-error.ts';
import { startServer } from './server.ts';

let stopping = false;

try {
  const config = readServerConfig();
  const logger = createLogger({ level: config.logLevel, format: config.logFormat });
  const server = await startServer(config, logger, { onLost: (reason) => end(reason), isHeld: true });
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
  const first = { server, timeZone: config.timeZone, now: systemClock };
  if (config.seed === 'demo') await seedOnFirstStart(first);
  const demo = config.seed === 'demo' ? await demoAccountsOnFirstStart(first) : undefined;
  server.open();
  const { accounts } = server.service;
  if (accounts !== undefined) await offerFirstAdministrator(accounts, (line) => console.log(line));
  if (config.mongodbUri === undefined) noteServer(config.dataDir, config.baseUrl ?? server.base);
  console.log(greetingOf({ config, base: server.base, mailbox: accounts?.mailboxUrl(), demo }));
} catch (error) {
  // Whoever stops the server while it loads the demo hospital cuts that off; the next start goes on with it.
  if (!stopping) {
    if (!(error instanceof StartError)) throw error;
    console.error(error.message);
    process.exit(error.exitCode);
  }
}
