// One entry of a batch or transaction as the request it stands for. https://hl7.org/fhir/R4/bundle.html#request
import { type ErrorKind, FhirError, type Issue } from '../model/errors.ts';
import { withoutBase } from '../model/references.ts';
import type { Resource } from '../model/resource.ts';
import type { Call, Target } from './call.ts';
import { type Grammar, readQuery } from './grammar.ts';
import { readPreferReturn } from './headers.ts';

export interface Entry {
  index: number;
  method: Call['method'];
  /** as written, for the outcome of a failure */
  url: string;
  target: Target;
  query: Call['query'];
  headers: Record<string, string>;
  fullUrl?: string;
  resource?: Resource;
}

interface BundleEntry {
  fullUrl?: unknown;
  resource?: unknown;
  request?: Record<string, unknown>;
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const CONDITIONS = {
  ifMatch: 'if-match',
  ifNoneMatch: 'if-none-match',
  ifModifiedSince: 'if-modified-since',
  ifNoneExist: 'if-none-exist',
} as const;
/** no request of its own: a Bundle in a Bundle, and what has no answer of its own */
const REFUSED = new Set<Target['kind']>(['bundle']);

export function readEntry(entry: unknown, index: number, grammar: Grammar, base: string): Entry {
  const at = `Bundle.entry[${index}]`;
  const refuse = (message: string, element: string): never => {
    throw new FhirError('invalid', message, { expression: `${at}${element}` });
  };
  if (typeof entry !== 'object' || entry === null) return refuse('An entry is a JSON object', '');
  const { fullUrl, resource, request } = entry as BundleEntry;
  if (typeof request !== 'object' || request === null) return refuse('The entry has no request', '.request');
  const { method, url } = request;
  if (typeof method !== 'string' || !METHODS.has(method)) {
    return refuse(`request.method is one of ${[...METHODS].join(', ')}`, '.request.method');
  }
  if (typeof url !== 'string' || url === '') return refuse('The request has no url', '.request.url');
  if (fullUrl !== undefined && typeof fullUrl !== 'string') return refuse('fullUrl is a text', '.fullUrl');
  if (resource !== undefined && (typeof resource !== 'object' || resource === null)) {
    return refuse('The resource is a JSON object', '.resource');
  }

  const headers: Record<string, string> = {};
  for (const [element, header] of Object.entries(CONDITIONS)) {
    const value = request[element];
    if (value === undefined) continue;
    if (typeof value !== 'string') return refuse(`request.${element} is a text`, `.request.${element}`);
    // an instant here, an HTTP date in a header
    headers[header] = element === 'ifModifiedSince' ? new Date(value).toUTCString() : value;
  }
  const { target, query } = readUrl(method, url, grammar, { at, base });
  return {
    index,
    method: method as Call['method'],
    url,
    target,
    query,
    headers,
    ...(fullUrl === undefined ? {} : { fullUrl }),
    ...(resource === undefined ? {} : { resource: resource as Resource }),
  };
}

/** Relative to the base, as the specification asks; an absolute URL below the base is understood as well. */
function readUrl(
  method: string,
  url: string,
  grammar: Grammar,
  { at, base }: { at: string; base: string },
): { target: Target; query: Call['query'] } {
  const relative = withoutBase(url, base);
  const question = relative.indexOf('?');
  const path = question === -1 ? relative : relative.slice(0, question);
  try {
    const target = grammar.readTarget(method, path);
    if (REFUSED.has(target.kind)) throw new FhirError('not-supported', 'A Bundle cannot be posted inside a Bundle');
    return { target, query: question === -1 ? [] : readQuery(relative.slice(question + 1)) };
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    throw new FhirError(error.kind, error.message, { expression: `${at}.request.url`, cause: error });
  }
}

const WRITES: ReadonlySet<Target['kind']> = new Set([
  'create',
  'update',
  'update-conditional',
  'patch',
  'patch-conditional',
]);

/** The entry as a call of its own. What the outer request prefers for its own answer does not reach into it, but for findings on a write. */
export function callOf(entry: Entry, outer: Call): Call {
  const { target, method, query, resource } = entry;
  const { body, contentType } = bodyOf(entry, resource);
  const wantsFindings = WRITES.has(target.kind) && readPreferReturn(outer.headers.prefer) === 'OperationOutcome';
  const headers = wantsFindings ? { ...entry.headers, prefer: 'return=OperationOutcome' } : entry.headers;
  return {
    target,
    method,
    query,
    headers: contentType === undefined ? headers : { ...headers, 'content-type': contentType },
    ...(body === undefined ? {} : { body }),
    base: outer.base,
    id: outer.id,
    store: outer.store,
    ...(outer.caller === undefined ? {} : { caller: outer.caller }),
    ...(outer.trail === undefined ? {} : { trail: outer.trail.entry(entry.index) }),
  };
}

/** A patch that is no resource travels in a Binary: https://hl7.org/fhir/R4/http.html#patch */
function bodyOf({ target, index }: Entry, resource: Resource | undefined): { body?: unknown; contentType?: string } {
  if (resource === undefined) return {};
  const isPatch = target.kind === 'patch' || target.kind === 'patch-conditional';
  if (!isPatch || resource.resourceType !== 'Binary') return { body: resource, contentType: 'application/fhir+json' };
  const { contentType, data } = resource as Resource & { contentType?: string; data?: string };
  const refuse = (kind: ErrorKind, message: string, element: string): never => {
    throw new FhirError(kind, message, { expression: `Bundle.entry[${index}].resource.${element}` });
  };
  if (typeof contentType !== 'string' || typeof data !== 'string') {
    return refuse('required', 'A patch in a Binary needs contentType and data', 'data');
  }
  if (!PATCHES.test(contentType)) {
    const known =
      'application/json-patch+json, application/xml-patch+xml, application/fhir+json or application/fhir+xml';
    return refuse('value', `The contentType of a patch is ${known}, not ${contentType}`, 'contentType');
  }
  return { body: Buffer.from(data, 'base64'), contentType: contentType.toLowerCase() };
}

const PATCHES = /^(?:application\/(?:json-patch\+json|xml-patch\+xml|(?:fhir\+)?(?:json|xml))|text\/xml)(?:\s*;|$)/i;

/** The same refusal, saying which entry it is about. */
export function atEntry(error: unknown, index: number): unknown {
  if (!(error instanceof FhirError)) return error;
  const { kind, message, issues, headers } = error;
  return new FhirError(kind, message, { issues: issues.map((issue) => issueAt(issue, index)), headers, cause: error });
}

/** `Patient.name` becomes `Bundle.entry[3].resource.name`. */
export function issueAt(issue: Issue, index: number): Issue {
  const at = `Bundle.entry[${index}]`;
  const { expression } = issue;
  if (expression === undefined) return { ...issue, expression: at };
  if (expression.startsWith(at)) return issue;
  const inside = /^[A-Z][A-Za-z]+(.*)$/.exec(expression);
  return { ...issue, expression: inside === null ? at : `${at}.resource${inside[1]}` };
}
