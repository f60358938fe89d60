// How key sets of clients are fetched. The library hands over a dispatcher that breaks connections to private addresses when they are made,
// so no name that changes its address gets past it; hosts that the operator names are asked without it.

type Fetch = typeof fetch;

export function createKeyFetch(privateHosts: readonly string[]): Fetch {
  const allowed = new Set(privateHosts.map((host) => host.toLowerCase()));
  return async (url, { dispatcher, ...options } = {}) => {
    const { host, hostname } = new URL(String(url));
    const isOurs = allowed.has(host) || allowed.has(hostname);
    return withoutCaching(await fetch(url, { ...options, ...(!isOurs && dispatcher && { dispatcher }), redirect: 'error' }));
  };
}

/** They are believed for a minute, whatever their server says: a key that is new, or taken back, is known soon. */
export function withoutCaching({ body, status, statusText, headers }: Response): Response {
  const kept = new Headers(headers);
  // the body is unpacked by now
  for (const name of ['cache-control', 'expires', 'content-length', 'content-encoding']) kept.delete(name);
  return new Response(body, { status, statusText, headers: kept });
}
