// One server from its settings: engines, connections, the FHIR service, pages, the port. `npm start` and the importer share it.
import http from 'node:http';
import https from 'node:https';
import { createHealth } from './fhir/http/health.ts';
import { systemClock } from './platform/clock/clock.ts';
import { type Config, isLoopback } from './platform/config/config.ts';
import { startEngines } from './platform/engines/engines.ts';
import type { Logger } from './platform/logger/logger.ts';
import { connectMongo } from './platform/mongo/connect.ts';
import { createQueue } from './platform/queue/queue.ts';
import { connectRedis } from './platform/redis/connect.ts';
import { StartError } from './platform/start-error.ts';
import { followCertificate, LEAST_VERSION, readCertificate, type TlsFiles } from './platform/tls/tls.ts';
import { createFhirService, type FhirService } from './service.ts';
import type { OpenSignIn, SignInDeps } from './sign-in.ts';
import { createWebApp } from './web/app.ts';
import { HSTS } from './web/security/headers.ts';
import { isWellKnown } from './web/well-known.ts';

export interface RunningServer {
  /** the FHIR base on this machine: http://127.0.0.1:3000/fhir */
  base: string;
  service: FhirService;
  /** lets in who was held back: `StartOptions.isHeld` */
  open(): void;
  /** answers what is in work, then ends everything that was started here */
  close(): Promise<void>;
}

export interface StartOptions {
  /** an engine is gone and does not come back: the process should end */
  onLost: (reason: string) => void;
  /** it lives for a command only, which may lack the settings of the mail server: mail is left on the queue */
  leavesMail?: true;
  /** nobody is let in before `open`: what people come for is still being made */
  isHeld?: true;
}

const FHIR_PATH = '/fhir';
/** requests in work when the server stops have this long */
const GRACE_MS = 10_000;

type RequestHandler = (req: http.IncomingMessage, res: http.ServerResponse) => void;

/** The process lives, and whoever looks after it must not end it for taking its time. */
const starting: RequestHandler = ({ url }, res) => {
  const [status, text] = url === '/healthz' ? [200, 'ok'] : [503, 'starting'];
  res.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': '2' }).end(`${text}\n`);
};

export async function startServer(config: Config, logger: Logger, options: StartOptions): Promise<RunningServer> {
  const { onLost, leavesMail, isHeld } = options;
  let handler = starting;
  let isStopping = false;
  const tls = tlsOf(config);
  const isEncrypted = tls !== undefined || config.baseUrl?.startsWith('https:') === true;
  const answer: RequestHandler = (req, res) => {
    if (isEncrypted) res.setHeader('Strict-Transport-Security', HSTS);
    handler(req, res);
  };
  const server = tls
    ? https.createServer({ ...readCertificate(tls), minVersion: LEAST_VERSION }, answer)
    : http.createServer(answer);
  // The port first: a busy one is told before databases are started.
  const port = await listen(server, config);
  const base = `${tls ? 'https' : 'http'}://${hostInUrl(config.host)}:${port}${FHIR_PATH}`;
  const undo: (() => Promise<unknown> | unknown)[] = [];
  if (tls && server instanceof https.Server) undo.push(followCertificate(server, tls, logger));
  const close = async (): Promise<void> => {
    isStopping = true;
    await stopListening(server);
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  try {
    const engines = await startEngines({ ...config, report: (line) => logger.info(line), onLost });
    undo.push(() => engines.close());
    const mongo = await connectMongo({ uri: engines.mongodbUri, poolSize: config.mongodbPoolSize });
    undo.push(() => mongo.close());
    const redis = await connectRedis(engines.redisUrl);
    undo.push(() => redis.disconnect());
    const queue = createQueue({
      redisUrl: engines.redisUrl,
      prefix: mongo.db.databaseName,
      onError: (error, job) => logger.warn('queue', { job, error: error.message }),
    });
    undo.push(() => queue.close());

    const signIn =
      config.auth === 'on' ? await openDoor({ config, base, mongo, redis, queue, logger, leavesMail }) : undefined;
    undo.push(() => signIn?.close());
    const service = await createFhirService({
      settings: {
        ...config,
        // where people sign in nobody chooses by a Host header what links and tokens say. Search keys know only a base that was set: with
        // another port all of them would have to be made anew
        ...(signIn && { linkBase: config.baseUrl ?? base }),
        trustedHosts: isLoopback(config.host) ? 'loopback' : 'addresses',
      },
      logger,
      mongo,
      queue,
      path: FHIR_PATH,
      now: systemClock,
      onLost,
      ...signIn?.forService,
    });
    undo.push(() => service.close());
    signIn?.connect(service);
    const health = createHealth({
      ping: () => mongo.db.command({ ping: 1 }),
      pingRedis: () => redis.ping(),
      isStopping: () => isStopping,
    });
    const web = createWebApp({
      health,
      fhirPath: FHIR_PATH,
      version: service.version,
      addPages: signIn?.addPages,
      onError: (error) => logger.error('a page failed', { error }),
    });
    const isForWeb = (url: string): boolean => !isFhir(url) || (signIn !== undefined && isWellKnown(url, FHIR_PATH));
    const open = (): void => {
      handler = (req, res) => (isForWeb(req.url ?? '') ? void web(req, res) : service.handle(req, res));
    };
    if (!isHeld) open();
    return { base, service, open, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const tlsOf = ({ tlsCert: cert, tlsKey: key }: Config): TlsFiles | undefined =>
  cert === undefined || key === undefined ? undefined : { cert, key };

/** The addresses of pages and tokens are those of BASE_URL, whatever a request calls this server. */
async function openDoor({ base, config, ...parts }: Omit<SignInDeps, 'fhirPath' | 'now'>): Promise<OpenSignIn> {
  const { openSignIn } = await import('./sign-in.ts');
  return openSignIn({
    ...parts,
    config,
    base: config.baseUrl ?? base,
    ownRoot: new URL(base).origin,
    fhirPath: FHIR_PATH,
    now: systemClock,
  });
}

const isFhir = (url: string): boolean => {
  if (!url.startsWith(FHIR_PATH)) return false;
  const next = url[FHIR_PATH.length];
  return next === undefined || next === '/' || next === '?';
};

const hostInUrl = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
};

function listen(server: http.Server | https.Server, { host, port }: Config): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = {
        EADDRINUSE: `Port ${port} is in use. End what uses it, or set PORT.`,
        EACCES: `Port ${port} needs more rights than this user has. Set PORT to 1024 or above.`,
        EADDRNOTAVAIL: `HOST=${host} is not an address of this machine.`,
        ENOTFOUND: `HOST=${host} is not known.`,
      };
      reject(new StartError(reasons[error.code ?? ''] ?? `Cannot listen on ${host}:${port}: ${error.message}`));
    });
    // a crowd that connects at once waits in line instead of being refused
    server.listen({ port, host, backlog: 4096 }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** No new connections; idle ones end now, busy ones when answered, all when the grace is over. */
async function stopListening(server: http.Server | https.Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await closed;
  clearTimeout(timer);
}
