// Posts to a FHIR server over connections that are kept open.
import http from 'node:http';
import https from 'node:https';
import { sleep } from '../../platform/clock/clock.ts';
import type { Credential } from '../credential.ts';
import { reasonIn } from './outcome.ts';

export interface Reply {
  status: number;
  body: unknown;
}

export interface Client {
  post(bundle: Buffer): Promise<Reply>;
  /** whether a resource is there; asked by a search, because a read of nothing is an error in the log */
  has(type: string, id: string): Promise<boolean>;
  /** whether a FHIR server answers there */
  isThere(): Promise<boolean>;
  close(): void;
}

/** A transaction of 50 MB on a slow disk takes minutes. */
const TIMEOUT_MS = 30 * 60_000;
const MOST_TRIES = 6;

/** Who asks too often is told when to come back; beyond this it is no pause but an end. */
const LONGEST_PAUSE_S = 60;

/** `credential` is shown to servers only where people sign in. */
export function createClient(base: string, connections: number, credential: Credential): Client {
  const { request, Agent } = base.startsWith('https:') ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let signsIn = false;

  async function send(url: string, method: string, body?: Buffer): Promise<Reply & { retryAfter: number }> {
    const shown = signsIn ? await credential.authorization() : undefined;
    const reply = await exchange(url, method, { ...(shown !== undefined && { authorization: shown }) }, body);
    if (reply.status === 401) throw credential.refused(reasonIn(reply.body));
    return reply;
  }

  const exchange = (
    url: string,
    method: string,
    headers: Record<string, string>,
    body?: Buffer,
  ): Promise<Reply & { retryAfter: number }> =>
    new Promise((resolve, reject) => {
      const sending = request(
        url,
        {
          method,
          agent,
          timeout: body === undefined ? 5000 : TIMEOUT_MS,
          headers: {
            accept: 'application/fhir+json',
            prefer: 'return=minimal',
            ...headers,
            ...(body === undefined ? {} : { 'content-type': 'application/fhir+json', 'content-length': body.length }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              body: parsed(Buffer.concat(chunks)),
              retryAfter: Number(response.headers['retry-after'] ?? 0),
            }),
          );
        },
      );
      sending.once('timeout', () => sending.destroy(new Error('no answer in time')));
      sending.once('error', reject);
      sending.end(body);
    });

  return {
    async post(bundle) {
      for (let tries = 1; ; tries += 1) {
        const { status, body, retryAfter } = await send(base, 'POST', bundle);
        // Refused without being tried: the server is busy or starting.
        const isLater = (status === 429 || status === 503) && retryAfter <= LONGEST_PAUSE_S;
        if (!isLater || tries === MOST_TRIES) return { status, body };
        await sleep(retryAfter > 0 ? retryAfter * 1000 : 250 * 2 ** tries);
      }
    },
    async has(type, id) {
      const { body } = await send(`${base}/${type}?_id=${id}&_summary=count`, 'GET');
      return ((body as { total?: number }).total ?? 0) > 0;
    },
    async isThere() {
      try {
        const { status, body } = await exchange(`${base}/metadata?_summary=true`, 'GET', {});
        const { resourceType, rest = [] } = (body ?? {}) as { resourceType?: string; rest?: { security?: object }[] };
        signsIn = rest.some(({ security }) => security !== undefined);
        return status === 200 && resourceType === 'CapabilityStatement';
      } catch {
        return false;
      }
    },
    close: () => agent.destroy(),
  };
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return bytes.toString();
  }
}
