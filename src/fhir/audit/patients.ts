// Whose data is in these bytes: the patients that JSON, XML or a page of ours refers to, found without parsing.

const NEEDLE = Buffer.from('Patient/');
const PATIENT = Buffer.from('{"resourceType":"Patient","id":"');
const QUOTE = 34;
const SLASH = 47;
const BACKSLASH = 92;

/** A - a - 0 - . */
const isIdByte = (byte: number): boolean =>
  (byte >= 97 && byte <= 122) || (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || byte === 45 || byte === 46;

/** `"Patient/p1"`, or an address below our own base; the bytes' own resource where it is a Patient. */
export function addPatientsIn(bytes: Buffer, base: Buffer, patients: Set<string>): void {
  if (bytes.length > PATIENT.length && bytes.compare(PATIENT, 0, PATIENT.length, 0, PATIENT.length) === 0) {
    addId(bytes, PATIENT.length, patients);
  }
  for (let at = bytes.indexOf(NEEDLE); at >= 0; at = bytes.indexOf(NEEDLE, at + NEEDLE.length)) {
    const before = bytes[at - 1];
    const isReference =
      before === QUOTE ? bytes[at - 2] !== BACKSLASH : before === SLASH && endsWith(bytes, at - 1, base);
    if (isReference) addId(bytes, at + NEEDLE.length, patients);
  }
}

function addId(bytes: Buffer, start: number, patients: Set<string>): void {
  let end = start;
  while (end < bytes.length && isIdByte(bytes[end]!)) end++;
  if (end > start && end - start <= 64 && (bytes[end] === QUOTE || bytes[end] === SLASH)) {
    patients.add(bytes.toString('latin1', start, end));
  }
}

const endsWith = (bytes: Buffer, end: number, base: Buffer): boolean =>
  end >= base.length && bytes.compare(base, 0, base.length, end - base.length, end) === 0;
