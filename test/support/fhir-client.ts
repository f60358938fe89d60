// A small FHIR client for tests: JSON in and out, headers by name, nothing hidden.
import type { Resource } from '../../src/fhir/model/resource.ts';

export interface Reply {
  status: number;
  headers: Headers;
  /** undefined where the body is empty or no JSON */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any;
  text: string;
}

export interface FhirClient {
  base: string;
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  put(path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  patch(path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  delete(path: string, headers?: Record<string, string>): Promise<Reply>;
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
}

/** Strings and Buffers are sent as they are, everything else as JSON. Arrays are JSON Patches. */
export function createFhirClient(base: string): FhirClient {
  async function send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
    const type = Array.isArray(body) ? 'application/json-patch+json' : 'application/fhir+json';
    const response = await fetch(path.startsWith('http') ? path : `${base}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': type }), ...headers },
      ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parsed(text) };
  }
  return clientOf(base, send);
}

/** The same with headers of every request, which those of one replace. */
export const withHeaders = ({ base, send }: FhirClient, always: Record<string, string>): FhirClient =>
  clientOf(base, (method, path, body, headers) => send(method, path, body, { ...always, ...headers }));

const clientOf = (base: string, send: FhirClient['send']): FhirClient => ({
  base,
  send,
  get: (path, headers) => send('GET', path, undefined, headers),
  delete: (path, headers) => send('DELETE', path, undefined, headers),
  post: (path, body, headers) => send('POST', path, body, headers),
  put: (path, body, headers) => send('PUT', path, body, headers),
  patch: (path, body, headers) => send('PATCH', path, body, headers),
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The only issue's code and expression, to compare in one line: `value at Patient.gender`. */
export function issueOf(reply: Reply): string {
  const { code, expression } = reply.body?.issue?.[0] ?? {};
  return expression === undefined ? `${code}` : `${code} at ${expression.join(', ')}`;
}

export const aPatient = (more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'Patient',
  name: [{ family: 'Okafor', given: ['Ada'] }],
  gender: 'female',
  birthDate: '1984-03-02',
  ...more,
});

export const anObservation = (more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '8302-2' }] },
  ...more,
});
