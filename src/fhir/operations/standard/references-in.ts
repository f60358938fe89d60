// What a stored resource refers to on this server, read off its bytes without parsing them: every Reference, and attachments that are a
// Binary here. A quoted name inside a text is escaped in JSON, so it cannot be taken for an element.
// https://hl7.org/fhir/R4/references.html and https://hl7.org/fhir/R4/datatypes.html#attachment
import { localName, type Name } from '../../model/references.ts';

const SITES = /"(reference|url)"\s*:\s*("(?:[^"\\]|\\.)*")/g;

/** In the order of the resource; one resource may come several times. */
export function referencesIn(bytes: Buffer, base: string): Name[] {
  const found: Name[] = [];
  for (const [, element, quoted] of bytes.toString().matchAll(SITES)) {
    const text = quoted!.includes('\\') ? (JSON.parse(quoted!) as string) : quoted!.slice(1, -1);
    const name = localName(text, base);
    if (name !== undefined && (element === 'reference' || name.type === 'Binary')) found.push(name);
  }
  return found;
}
