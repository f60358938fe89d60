// Canonicals: `url|version`. https://hl7.org/fhir/R4/references.html#canonical
import { keyPart } from './keys.ts';
import type { KeySink } from './search-type.ts';

/** A canonical is found with its version and without. */
export function pushCanonical(value: unknown, { code, keys }: KeySink): void {
  const text = value as string;
  const bar = text.indexOf('|');
  if (bar >= 0) keys.k.push(`${code}|${keyPart(text.slice(0, bar))}`);
  keys.k.push(`${code}|${keyPart(text)}`);
}
