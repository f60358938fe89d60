// JSON in and out without loss: a decimal leaves as it came (1.50, 1e3, 20 digits), and what JSON.parse lets pass in silence is refused.
// https://hl7.org/fhir/R4/json.html and docs/adr/0005-decimals-keep-their-text.md
import { FhirError } from './errors.ts';
import { diagnoseJson, isWellFormed } from './json-diagnose.ts';
import { ascii, NUMBER, type OddNumbers, scanJson } from './json-scan.ts';

/**
 * Own symbol on the PARENT object or array: { [keyOrIndex]: text as written }. `{...copy}` keeps it, while JSON.stringify, Object.keys and
 * fhirpath do not see it; the element itself is a plain number. The record is shared between copies: replace it, never change it.
 */
export const DECIMALS: unique symbol = Symbol('decimals');

export type DecimalTexts = Readonly<Record<string, string>>;
interface Node {
  [key: string | number]: unknown;
  [DECIMALS]?: DecimalTexts;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Parses one JSON text. Throws FhirError 'structure' with line and column. */
export function parseJson(input: Buffer | string): unknown {
  const isText = typeof input === 'string';
  if (isText && !isWellFormed(input)) throw new FhirError('structure', 'Half of a surrogate pair in the text');
  const bytes = isText ? Buffer.from(input) : input;
  const decoded = isText ? input : decode(input);
  // a byte order mark is not content: RFC 8259, section 8.1
  const text = decoded.charCodeAt(0) === 0xfeff ? decoded.slice(1) : decoded;
  const { sure, odd } = scanJson(bytes);
  if (!sure) diagnoseJson(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    diagnoseJson(text);
    throw new FhirError('structure', 'Invalid JSON', { cause: error });
  }
  if (odd.length > 0) keepTexts(value, odd, bytes);
  return value;
}

/** The plain decoder is the fastest; it puts U+FFFD for what is not UTF-8, so only a text that holds one needs the strict decoder. */
function decode(bytes: Buffer): string {
  const text = bytes.toString();
  if (!text.includes('\ufffd')) return text;
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw new FhirError('structure', 'Invalid JSON: the text is not UTF-8');
  }
}

/** Walks the program of json-scan.ts: only to the numbers it names, and from number to number only where the path differs. */
function keepTexts(root: unknown, odd: OddNumbers, bytes: Buffer): void {
  const nodes: Node[] = [];
  nodes[1] = root as Node;
  /** most texts of one Bundle are the same few (0.0, 0.00): one record serves all parents */
  const shared = new Map<string, DecimalTexts>();
  let level = 0;
  let key: string | number = '';
  for (let i = 0; i < odd.length; i += 3) {
    const step = odd[i]!;
    if (step === NUMBER) {
      const parent = nodes[level];
      if (parent === undefined) return;
      const text = ascii(bytes, odd[i + 1]!, odd[i + 2]!);
      const before = parent[DECIMALS];
      if (before !== undefined) parent[DECIMALS] = { ...before, [key]: text };
      else {
        const name = `${key}:${text}`;
        let record = shared.get(name);
        if (record === undefined) {
          record = { [key]: text };
          if (shared.size < 10_000) shared.set(name, record);
        }
        parent[DECIMALS] = record;
      }
    } else {
      if (step > level && level > 0) nodes[step] = nodes[level]?.[key] as Node;
      key = odd[i + 1] === -1 ? odd[i + 2]! : readKey(bytes, odd[i + 1]!, odd[i + 2]!);
      level = step;
    }
  }
}

function readKey(bytes: Buffer, start: number, end: number): string {
  for (let i = start; i < end; i++) {
    const c = bytes[i]!;
    if (c >= 0x80 || c === 0x5c) return JSON.parse(`"${bytes.toString('utf8', start, end)}"`) as string;
  }
  return ascii(bytes, start, end);
}

/** The text of a number as written, or String(value). */
export function numberText(parent: object, key: string | number): string {
  const value = (parent as Node)[key];
  const text = (parent as Node)[DECIMALS]?.[key];
  return text !== undefined && Number(text) === value ? text : String(value);
}

/** A deep copy that keeps decimals. */
export function copyJson<T>(value: T): T {
  return typeof value === 'object' && value !== null ? (copyNode(value) as T) : value;
}

function copyNode(node: object): object {
  if (Array.isArray(node)) {
    const copy: unknown[] & { [DECIMALS]?: DecimalTexts } = node.map(copyJson);
    const texts = (node as unknown as Node)[DECIMALS];
    if (texts !== undefined) copy[DECIMALS] = texts;
    return copy;
  }
  const copy = { ...node } as Node;
  for (const key in copy) {
    const child = copy[key];
    if (typeof child === 'object' && child !== null) copy[key] = copyNode(child);
  }
  return copy;
}

/**
 * JSON.stringify that writes decimals as they were written; a text is used only while it still says what the value is.
 * The platform's writer is several times faster than any of ours, so it gets a copy whose decimals are a marker, and the texts go in after.
 */
export function stringifyJson(value: unknown): string {
  for (let marker = '\u0001'; ; marker += '\u0001') {
    const texts: string[] = [];
    const masked = typeof value === 'object' && value !== null ? mask(value as Node, marker, texts) : value;
    const json = JSON.stringify(masked);
    if (texts.length === 0) return json;
    const parts = json.split(JSON.stringify(marker));
    // a string of the content that is the marker itself: try a longer one
    if (parts.length === texts.length + 1) return interleave(parts, texts);
  }
}

/** The node itself where no decimal is below it, else a copy with markers; texts are gathered in the order of writing. */
function mask(node: Node, marker: string, texts: string[]): Node {
  const own = node[DECIMALS];
  let copy: Node | undefined;
  if (Array.isArray(node)) {
    for (let i = 0; i < node.length; i++) {
      const child: unknown = node[i];
      const masked = maskChild(child, own?.[i], marker, texts);
      if (masked !== child) {
        copy ??= node.slice() as unknown as Node;
        copy[i] = masked;
      }
    }
  } else {
    for (const key in node) {
      const child = node[key];
      const masked = maskChild(child, own?.[key], marker, texts);
      if (masked !== child) {
        copy ??= { ...node };
        copy[key] = masked;
      }
    }
  }
  return copy ?? node;
}

function maskChild(child: unknown, text: string | undefined, marker: string, texts: string[]): unknown {
  if (typeof child === 'object' && child !== null) return mask(child as Node, marker, texts);
  if (text === undefined || Number(text) !== child) return child;
  texts.push(text);
  return marker;
}

function interleave(parts: readonly string[], texts: readonly string[]): string {
  let out = parts[0]!;
  for (let i = 0; i < texts.length; i++) out += texts[i]! + parts[i + 1]!;
  return out;
}
