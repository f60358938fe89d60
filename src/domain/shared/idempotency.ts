// A call that names an idempotency key is done once, however often it is sent. The resource it makes gets an id made from the key, and its
// first version keeps the fingerprint of the request; so a repetition finds both, and a crash leaves both or neither.
import { createHash } from 'node:crypto';
import type { Extension, FhirResource } from 'fhir/r4.js';
import type { Call, Store } from '../../fhir/index.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import { parseJson, stringifyJson } from '../../fhir/model/json.ts';
import { DEFINITIONS, extensionOf } from './extensions.ts';

const FINGERPRINT = `${DEFINITIONS}/request-fingerprint`;

export interface OneTimeRequest {
  id: string;
  mark: Extension;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** undefined where the caller gave no key; the parameter wins over the header. */
export function oneTimeRequest(
  operation: string,
  { headers, caller }: Call,
  { idempotencyKey, ...request }: { idempotencyKey?: string | undefined },
): OneTimeRequest | undefined {
  const key = idempotencyKey ?? headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (key.length === 0 || key.length > 255) {
    throw new FhirError('value', 'An idempotency key has 1 to 255 characters', { expression: 'idempotencyKey' });
  }
  return {
    // a key is its caller's: another's equal one is another
    id: `once-${sha256([operation, key, ...(caller ? [caller.kind, caller.id] : [])].join(' ')).slice(0, 40)}`,
    mark: { url: FINGERPRINT, valueString: sha256(stringifyJson(sorted(request))) },
  };
}

/** What the first such call made, as it was made; a different request under the same key is refused. */
export async function earlierAnswer<T extends FhirResource>(
  store: Store,
  type: T['resourceType'],
  { id, mark }: OneTimeRequest,
): Promise<T | undefined> {
  const first = await store.vread(type, id, 1);
  if (!first?.bytes) return undefined;
  const resource = parseJson(first.bytes) as { extension?: Extension[] };
  if (extensionOf(resource, FINGERPRINT)?.valueString === mark.valueString) return resource as unknown as T;
  throw new FhirError(
    'business-rule',
    'This idempotency key was already used for a different request; use a new key for a new request',
    { expression: 'idempotencyKey' },
  );
}

/** Equal requests have equal text, whatever the order of their parameters. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const names = Object.keys(value).sort();
  const copy = Object.fromEntries(names.map((name) => [name, sorted((value as Record<string, unknown>)[name])]));
  return Object.assign(
    copy,
    ...Object.getOwnPropertySymbols(value).map((symbol) => ({ [symbol]: Reflect.get(value, symbol) })),
  );
}
