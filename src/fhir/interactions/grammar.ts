// Reads method and path of a request, or of a Bundle entry, by the FHIR grammar. It lives beside the interactions and not in
// the HTTP room because the entries of a batch are requests too. https://hl7.org/fhir/R4/http.html#summary
import type { Definitions } from '../definitions/definitions.ts';
import { FhirError, notFound } from '../model/errors.ts';
import { ID } from '../model/resource.ts';
import type { Call, Target } from './call.ts';

type Method = Exclude<Call['method'], 'HEAD'>;

/** shape of the path → method → what is meant */
const shapes = {
  base: { GET: 'search-system', POST: 'bundle' },
  metadata: { GET: 'capabilities' },
  'base/_search': { POST: 'search-system' },
  'base/_history': { GET: 'history-system' },
  'base/$': { GET: 'operation', POST: 'operation' },
  type: {
    GET: 'search-type',
    POST: 'create',
    PUT: 'update-conditional',
    PATCH: 'patch-conditional',
    DELETE: 'delete-conditional',
  },
  'type/_search': { POST: 'search-type' },
  'type/_history': { GET: 'history-type' },
  'type/$': { GET: 'operation', POST: 'operation' },
  instance: { GET: 'read', PUT: 'update', PATCH: 'patch', DELETE: 'delete' },
  'instance/_history': { GET: 'history-instance' },
  'instance/$': { GET: 'operation', POST: 'operation' },
  version: { GET: 'vread' },
  'version/$': { GET: 'operation', POST: 'operation' },
  compartment: { GET: 'search-compartment' },
  'compartment/_search': { POST: 'search-compartment' },
  'async-status': { GET: 'async-status', DELETE: 'async-status' },
} as const satisfies Record<string, Partial<Record<Method, Target['kind']>>>;

type Shape = keyof typeof shapes;

/** The words of a path: its shape and the parts of the target that it names. */
interface Words {
  shape: Shape;
  parts: Record<string, string>;
}

export interface Grammar {
  /** `path` is below the service base, with or without its first slash, still percent-encoded, without a query. */
  readTarget(method: string, path: string): Target;
  /** `GET, HEAD, …` for a path; what OPTIONS answers */
  allowedMethods(path: string): string;
}

export function createGrammar(definitions: Definitions): Grammar {
  const types = new Set(definitions.resourceTypes);
  types.delete('Parameters'); // it exists only as the body of operations: https://hl7.org/fhir/R4/parameters.html

  function checkType(type: string): void {
    if (!types.has(type)) throw new FhirError('unknown-endpoint', `There is no endpoint for "${type}"`);
  }

  function readWords(path: string): Words {
    const segments = segmentsOf(path);
    const [first, second, third, fourth, fifth, sixth] = segments;
    if (first === undefined) return { shape: 'base', parts: {} };
    if (second === undefined) {
      if (first === 'metadata') return { shape: 'metadata', parts: {} };
      if (first === '_search') return { shape: 'base/_search', parts: {} };
      if (first === '_history') return { shape: 'base/_history', parts: {} };
      if (first.startsWith('$')) return { shape: 'base/$', parts: { level: 'system', code: first.slice(1) } };
      checkType(first);
      return { shape: 'type', parts: { type: first } };
    }
    if (first === '$async-status' && third === undefined) return { shape: 'async-status', parts: { id: second } };
    checkType(first);
    if (third === undefined) {
      if (second === '_search') return { shape: 'type/_search', parts: { type: first } };
      if (second === '_history') return { shape: 'type/_history', parts: { type: first } };
      if (second.startsWith('$')) {
        return { shape: 'type/$', parts: { level: 'type', type: first, code: second.slice(1) } };
      }
      return { shape: 'instance', parts: { type: first, id: second } };
    }
    if (fourth === undefined) {
      if (third === '_history') return { shape: 'instance/_history', parts: { type: first, id: second } };
      if (third.startsWith('$')) {
        return { shape: 'instance/$', parts: { level: 'instance', type: first, id: second, code: third.slice(1) } };
      }
      if (definitions.compartments.has(first)) {
        if (third === '_search') {
          return { shape: 'compartment/_search', parts: { compartment: first, id: second, type: '*' } };
        }
        if (third !== '*') checkType(third);
        return { shape: 'compartment', parts: { compartment: first, id: second, type: third } };
      }
    } else if (fifth === undefined) {
      if (third === '_history') return { shape: 'version', parts: { type: first, id: second, version: fourth } };
      if (fourth === '_search' && definitions.compartments.has(first)) {
        checkType(third);
        return { shape: 'compartment/_search', parts: { compartment: first, id: second, type: third } };
      }
    } else if (third === '_history' && fifth.startsWith('$') && sixth === undefined) {
      const parts = { level: 'instance', type: first, id: second, version: fourth, code: fifth.slice(1) };
      return { shape: 'version/$', parts };
    }
    throw new FhirError('unknown-endpoint', `There is no endpoint at "${segments.join('/')}"`);
  }

  return {
    readTarget(method, path) {
      const { shape, parts } = readWords(path);
      const kinds: Partial<Record<string, Target['kind']>> = shapes[shape];
      const verb = method === 'HEAD' ? 'GET' : method;
      const kind = Object.hasOwn(kinds, verb) ? kinds[verb] : undefined;
      if (kind === undefined) {
        const allow = allowOf(shape);
        throw new FhirError('method-not-allowed', `${method} is not possible here; possible are ${allow}`, {
          headers: { Allow: allow },
        });
      }
      if (parts.id !== undefined && !ID.test(parts.id)) throw badId(method, parts);
      return { kind, ...parts } as Target; // the table above pairs each shape with kinds that have just these parts
    },
    allowedMethods: (path) => allowOf(readWords(path).shape),
  };
}

function allowOf(shape: Shape): string {
  const methods = Object.keys(shapes[shape]);
  if (methods[0] === 'GET') methods.splice(1, 0, 'HEAD');
  return [...methods, 'OPTIONS'].join(', ');
}

/** What cannot be an id cannot exist either; only a write, which would bring it into being, is told about the rule. */
function badId(method: string, { type, compartment, id }: Record<string, string>): FhirError {
  if (method !== 'PUT') return notFound(type ?? compartment ?? 'Resource', id ?? '');
  return new FhirError('value', `"${id}" is not an id: 1 to 64 of A-Z, a-z, 0-9, "-" and "."`);
}

/** Segments, percent-decoded once; a slash at either end is tolerated. */
function segmentsOf(path: string): string[] {
  const segments = path.split('/');
  if (segments[0] === '') segments.shift();
  if (segments.at(-1) === '') segments.pop();
  return path.includes('%') ? segments.map(decodeOnce) : segments;
}

function decodeOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new FhirError('invalid', 'The URL holds a broken percent-encoding');
  }
}

/** A query string, a _search form or the value of If-None-Exist as pairs in order; `+` is a space, a leading `?` is tolerated. */
export function readQuery(text: string): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (const part of (text.startsWith('?') ? text.slice(1) : text).split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = equals === -1 ? part : part.slice(0, equals);
    const value = equals === -1 ? '' : part.slice(equals + 1);
    pairs.push([decodePart(name), decodePart(value)]);
  }
  return pairs;
}

function decodePart(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  return spaced.includes('%') ? decodeOnce(spaced) : spaced;
}
