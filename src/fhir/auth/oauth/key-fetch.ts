// How key sets of clients are fetched: with the fetch that is safe for addresses of others, and believed for a minute.

type Fetch = typeof fetch;

/** The library hands over a dispatcher of its own, which knows neither the operator's exceptions nor another undici. */
export const createKeyFetch =
  (fetchSafely: Fetch): Fetch =>
  async (url, { dispatcher: _, ...options } = {}) =>
    withoutCaching(await fetchSafely(url, options));

/** They are believed for a minute, whatever their server says: a key that is new, or taken back, is known soon. */
export function withoutCaching({ body, status, statusText, headers }: Response): Response {
  const kept = new Headers(headers);
  // the body is unpacked by now
  for (const name of ['cache-control', 'expires', 'content-length', 'content-encoding']) kept.delete(name);
  return new Response(body, { status, statusText, headers: kept });
}
