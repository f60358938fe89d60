// How search keys are spelled. Only this room knows it; storage keeps and compares the texts as they are.
// Values are escaped, so that no value can end a part of a key early: `|` and `\` everywhere, `$` between the parts of a composite.
import { createHash } from 'node:crypto';

/** One index entry should stay short, whatever a client stores: longer values become their beginning and a hash. */
const MAX_VALUE_BYTES = 120;
const MAX_KEY_BYTES = 200;
const HASH_LENGTH = 22;

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, HASH_LENGTH);

/** Cuts at a whole character that leaves at most `bytes` bytes. */
function beginning(text: string, bytes: number): string {
  const whole = Buffer.from(text, 'utf8');
  let end = Math.min(bytes, whole.length);
  while (end > 0 && end < whole.length && ((whole[end] ?? 0) & 0xc0) === 0x80) end--;
  return whole.toString('utf8', 0, end);
}

function shorten(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  return `${beginning(text, maxBytes - HASH_LENGTH - 1)}#${hash(text)}`;
}

export const shortenKey = (key: string): string => shorten(key, MAX_KEY_BYTES);

const escaped = (value: string): string =>
  value.includes('|') || value.includes('\\') ? value.replace(/[|\\]/g, '\\$&') : value;

/** The value as one part of a key. */
export const keyPart = (value: string): string => shorten(escaped(value), MAX_VALUE_BYTES);

/** The value that was written as this part; undefined where only its beginning was kept. */
export function readKeyPart(part: string): string | undefined {
  // what was cut is this long, but for the bytes of its last character
  if (Buffer.byteLength(part) > MAX_VALUE_BYTES - 4) return undefined;
  return part.replace(/\\(.)/g, '$1');
}

/** What the part begins with for every value that begins with this text; no longer than what is kept of a long value. */
export const keyPartBeginning = (text: string): string => beginning(escaped(text), MAX_VALUE_BYTES - HASH_LENGTH - 1);

/** A key's part inside a composite, where `$` separates. */
export const compositePart = (part: string): string => (part.includes('$') ? part.replaceAll('$', '\\$') : part);

const tags = new Map<string, string>();
const MAX_TAGS = 10_000;

/**
 * Seven characters (42 bits) that stand for a code system. Deterministic, so that no process has to ask another for it.
 * The empty text stands for "no system".
 */
export function systemTag(system: string): string {
  if (system === '') return '';
  const known = tags.get(system);
  if (known !== undefined) return known;
  const tag = hash(system).slice(0, 7);
  if (tags.size >= MAX_TAGS) tags.clear();
  tags.set(system, tag);
  return tag;
}

/** How an exact reference to a resource is written after `<param>|`. */
export const RELATIVE_REFERENCE =
  /^([A-Z][A-Za-z]{1,63})\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/([A-Za-z0-9\-.]{1,64}))?$/;

/** A written text as part of a string key: whole where it is short. */
export const shortenText = (text: string): string => shorten(text, MAX_VALUE_BYTES);
