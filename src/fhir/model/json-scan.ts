// One pass over the bytes of a JSON text that the platform's JSON.parse is about to read: finds what JSON.parse would lose (the text of
// numbers) or let through (duplicate keys, deep nesting, lone surrogates). It trusts nothing and reports nothing: where it is not sure,
// json-diagnose.ts decides. https://hl7.org/fhir/R4/json.html#decimal

export const MAX_DEPTH = 64;

/**
 * Where the numbers are whose text would change, as a program for the walk in json.ts. Per number: for every level of its path that differs
 * from the previous number's, a triple (level, key start, key end) or (level, -1, index); then a triple (NUMBER, start, end).
 */
export type OddNumbers = readonly number[];
export const NUMBER = -1;

export interface Scan {
  /** false: something may be wrong */
  sure: boolean;
  odd: OddNumbers;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** Beyond this many keys the pairwise comparison of one object's keys would cost too much. */
const MAX_COMPARED_KEYS = 96;

const keyStart = new Int32Array(MAX_DEPTH + 2);
const keyEnd = new Int32Array(MAX_DEPTH + 2);
/** index of the current item, or -1 for objects */
const position = new Int32Array(MAX_DEPTH + 2);
/** where the hashes of this level's keys begin */
const firstHash = new Int32Array(MAX_DEPTH + 2);
const hashes = new Int32Array((MAX_DEPTH + 2) * (MAX_COMPARED_KEYS + 1));

export function scanJson(bytes: Uint8Array): Scan {
  const end = bytes.length;
  const odd: number[] = [];
  let sure = true;
  let depth = 0;
  let inObject = false;
  let awaitsKey = false;
  let hashTop = 0;
  /** levels below this one are as the program last said */
  let told = 1;
  let i = 0;

  while (i < end) {
    const c = bytes[i]!;
    if (c === SPACE) {
      i++;
    } else if (c === QUOTE) {
      const start = ++i;
      if (awaitsKey) {
        awaitsKey = false;
        let hash = 0x811c9dc5 | 0;
        let k = bytes[i]!;
        while (k !== QUOTE && i < end) {
          if (k === BACKSLASH) {
            sure = false;
            i++;
          }
          hash = Math.imul(hash ^ k, 0x01000193);
          k = bytes[++i]!;
        }
        const from = firstHash[depth]!;
        for (let h = from; h < hashTop; h++) if (hashes[h] === hash) sure = false;
        if (hashTop - from < MAX_COMPARED_KEYS) hashes[hashTop++] = hash;
        else sure = false;
        if (i - start === 9 && bytes[start] === 0x5f && ascii(bytes, start, i) === '__proto__') sure = false;
        keyStart[depth] = start;
        keyEnd[depth] = i;
        if (told > depth) told = depth;
        i++;
      } else {
        let s = bytes[i]!;
        while (s !== QUOTE && i < end) {
          if (s === BACKSLASH) {
            // \ud8xx … \udfxx: a surrogate, which must come in pairs
            if (bytes[i + 1] === 0x75 && (bytes[i + 2]! | SPACE) === 0x64 && bytes[i + 3]! >= 0x38) {
              const paired = isHighSurrogate(bytes, i) && isLowSurrogate(bytes, i + 6);
              if (!paired) sure = false;
              i += 10;
            }
            i++;
          }
          s = bytes[++i]!;
        }
        i++;
      }
    } else if (c === 0x2c) {
      i++;
      if (inObject) awaitsKey = true;
      else {
        position[depth]!++;
        if (told > depth) told = depth;
      }
    } else if (c === 0x7b || c === 0x5b) {
      i++;
      if (++depth > MAX_DEPTH) return { sure: false, odd };
      inObject = awaitsKey = c === 0x7b;
      position[depth] = inObject ? -1 : 0;
      firstHash[depth] = hashTop;
      if (told > depth) told = depth;
    } else if (c === 0x7d || c === 0x5d) {
      i++;
      if (depth === 0) return { sure: false, odd };
      hashTop = firstHash[depth]!;
      depth--;
      inObject = depth > 0 && position[depth] === -1;
      awaitsKey = false;
    } else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) {
      const start = i;
      let digits = 0;
      let exponent = false;
      let point = -1;
      let d = c;
      do {
        if (d >= 0x30 && d <= 0x39) digits++;
        else if (d === 0x2e) point = i;
        else if (d === 0x65 || d === 0x45) exponent = true;
        else if (d !== 0x2d && d !== 0x2b) break;
        d = bytes[++i]!;
      } while (i < end);
      if (isOdd(bytes, start, i, digits, point, exponent)) {
        if ((exponent || digits > 300) && !Number.isFinite(Number(ascii(bytes, start, i)))) sure = false;
        for (let level = told; level <= depth; level++) {
          if (position[level] === -1) odd.push(level, keyStart[level]!, keyEnd[level]!);
          else odd.push(level, -1, position[level]!);
        }
        odd.push(NUMBER, start, i);
        told = depth + 1;
      }
    } else {
      i++;
    }
  }
  return { sure, odd };
}

/** Would `JSON.stringify(JSON.parse(text))` write another text? */
function isOdd(
  bytes: Uint8Array,
  start: number,
  end: number,
  digits: number,
  point: number,
  exponent: boolean,
): boolean {
  if (exponent) return isRewritten(bytes, start, end);
  if (point === -1) {
    if (digits > 15) return isRewritten(bytes, start, end);
    return end - start === 2 && bytes[start] === 0x2d && bytes[start + 1] === 0x30;
  }
  if (bytes[end - 1] === 0x30) return true;
  // 15 significant digits survive; below 1e-6 JavaScript writes exponents
  return digits > 15 || (end - point > 6 && bytes[point - 1] === 0x30) ? isRewritten(bytes, start, end) : false;
}

function isRewritten(bytes: Uint8Array, start: number, end: number): boolean {
  const text = ascii(bytes, start, end);
  return String(Number(text)) !== text;
}

function isHighSurrogate(bytes: Uint8Array, at: number): boolean {
  return (bytes[at + 3]! | SPACE) <= 0x62 || bytes[at + 3]! <= 0x39;
}

function isLowSurrogate(bytes: Uint8Array, at: number): boolean {
  const third = bytes[at + 3]! | SPACE;
  return (
    bytes[at] === BACKSLASH &&
    bytes[at + 1] === 0x75 &&
    (bytes[at + 2]! | SPACE) === 0x64 &&
    third >= 0x63 &&
    third <= 0x66
  );
}

export function ascii(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
