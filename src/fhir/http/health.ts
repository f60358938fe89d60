// Liveness and readiness for load balancers and containers, outside /fhir: plain text, no FHIR, nothing secret.
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface HealthDeps {
  /** resolves when the store answers */
  ping(): Promise<unknown>;
  /** … and when Redis does, without which data is read and written, but nobody signs in and the queue waits */
  pingRedis(): Promise<unknown>;
  /** true from the moment the server has begun to stop */
  isStopping(): boolean;
}

/** What does not answer in this time does not answer. */
const PATIENCE_MS = 2000;

export type HealthHandler = (req: IncomingMessage, res: ServerResponse) => void;

/** by path */
export function createHealth({
  ping,
  pingRedis,
  isStopping,
}: HealthDeps): Record<'/healthz' | '/readyz', HealthHandler> {
  return {
    '/healthz': (_req, res) => write(res, 200, 'ok'),
    '/readyz': (_req, res) => {
      if (isStopping()) return write(res, 503, 'stopping');
      const isWhole = inTime(pingRedis()).then(
        () => true,
        () => false,
      );
      inTime(ping()).then(
        async () => write(res, 200, (await isWhole) ? 'ready' : 'ready, but Redis does not answer: nobody can sign in'),
        () => write(res, 503, 'the database does not answer'),
      );
    },
  };
}

async function inTime(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('late')), PATIENCE_MS);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function write(res: ServerResponse, status: number, text: string): void {
  if (res.destroyed) return;
  res.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' }).end(`${text}\n`);
}
