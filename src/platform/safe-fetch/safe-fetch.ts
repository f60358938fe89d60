// fetch for addresses that others give us: keys of clients, other identity providers, webhooks. It reaches the public internet and what the
// operator allows, whatever a name resolves to and wherever a redirect leads; it never waits or reads without an end.
import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, type Dispatcher, Headers, type RequestInit, Response, fetch as undiciFetch } from 'undici';
import { isPublic } from './addresses.ts';

export interface SafeFetchOptions {
  /** `idp.internal`, `10.1.2.3:8443`: reached although they are not public, by http as well */
  allowedHosts?: readonly string[];
  /** for the whole exchange */
  timeoutMs?: number;
  /** of an answer, unpacked */
  maxBytes?: number;
  maxRedirects?: number;
  /** how names become addresses; the system's way where absent */
  lookup?: LookupFunction;
}

export interface SafeFetch {
  (url: string | URL, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

/** Says no more than whoever gave the address may know: not what is there. */
export class FetchRefused extends Error {
  readonly reason: 'address' | 'redirect' | 'size' | 'timeout' | 'network';

  constructor(reason: FetchRefused['reason'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'FetchRefused';
    this.reason = reason;
  }
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization'];

export function createSafeFetch(options: SafeFetchOptions = {}): SafeFetch {
  const { allowedHosts = [], timeoutMs = 10_000, maxBytes = 1024 * 1024, maxRedirects = 3, lookup } = options;
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const shared = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs, maxResponseSize: maxBytes };
  const guarded = new Agent({ ...shared, connect: { timeout: timeoutMs, lookup: publicOnly(lookup ?? systemLookup) } });
  const open = new Agent({ ...shared, connect: { timeout: timeoutMs, ...(lookup && { lookup }) } });

  /** Refuses what may not be reached at all. What a name stands for is judged when it is connected to, and only then. */
  function wayTo({ protocol, hostname, host, username, password }: URL): Dispatcher {
    if (username !== '' || password !== '') throw refused('An address must not hold a password');
    if (allowed.has(host) || allowed.has(hostname)) {
      if (protocol === 'https:' || protocol === 'http:') return open;
      throw refused('An address must begin with https://');
    }
    if (protocol !== 'https:') throw refused('An address must begin with https://');
    const literal = hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) > 0 && !isPublic(literal)) throw refused();
    return guarded;
  }

  async function follow(first: URL, init: RequestInit, signal: AbortSignal): Promise<Response> {
    let url = first;
    const headers = new Headers(init.headers);
    for (let hops = 0; ; hops++) {
      const response = await undiciFetch(url, {
        ...init,
        headers,
        redirect: 'manual',
        signal,
        dispatcher: wayTo(url),
      });
      const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
      if (location === null) return limited(response, maxBytes);
      await response.body?.cancel();
      const next = new URL(location, url);
      const method = init.method?.toUpperCase() ?? 'GET';
      if (hops === maxRedirects) throw new FetchRefused('redirect', 'The address leads on and on');
      // what is sent is meant for the address that was given
      if (method !== 'GET' && method !== 'HEAD') throw new FetchRefused('redirect', 'The address leads elsewhere');
      if (next.origin !== url.origin) for (const name of CREDENTIALS) headers.delete(name);
      url = next;
    }
  }

  const safeFetch = async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    try {
      return await follow(new URL(url), init, signal);
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw told(error);
    }
  };
  return Object.assign(safeFetch, {
    async close() {
      await Promise.all([guarded.destroy(), open.destroy()]);
    },
  });
}

const refused = (message = 'The address cannot be reached from here'): FetchRefused =>
  new FetchRefused('address', message);

/** Resolves once, and the connection goes to what was judged: a name cannot stand for another address a moment later. */
const publicOnly =
  (lookup: LookupFunction): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '', 0);
      const addresses = Array.isArray(found) ? found : [{ address: found, family: isIP(found) }];
      // one that is not public is reason enough: a good one beside it would only hide it
      if (addresses.length === 0 || !addresses.every(({ address }) => isPublic(address)))
        return callback(refused(), '', 0);
      if (options.all) return callback(null, addresses);
      return callback(null, addresses[0]!.address, addresses[0]!.family);
    });
  };

/** The answer, of which no more than so many bytes can be read, however small it was packed. */
function limited(response: Response, maxBytes: number): Response {
  const { body, status, statusText, headers } = response;
  if (body === null) return response;
  async function* counted(): AsyncGenerator<Uint8Array> {
    let length = 0;
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        length += chunk.byteLength;
        if (length > maxBytes) throw tooLarge();
        yield chunk;
      }
    } catch (error) {
      throw told(error);
    }
  }
  return new Response(ReadableStream.from(counted()), { status, statusText, headers });
}

const tooLarge = (): FetchRefused => new FetchRefused('size', 'The answer is too large');

/** Refusals come wrapped in what they broke. */
function told(error: unknown): FetchRefused {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof FetchRefused) return cause;
    if (cause.name === 'TimeoutError') return new FetchRefused('timeout', 'The address does not answer in time', error);
    if ('code' in cause && cause.code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return tooLarge();
  }
  return new FetchRefused('network', 'The address cannot be reached from here', error);
}
