// Reads the few fields we need straight from raw BSON replies, so that a resource's bytes are sliced and never decoded.
// https://bsonspec.org/spec.html
import { isAscii } from 'node:buffer';

export interface RawDocument {
  _id: string;
  /** a view into the database's reply: copy it before keeping it */
  j: Buffer | undefined;
  v: number;
  u: number;
  n: number;
  sd: number | null;
  m: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  kv: string;
  k: string[] | undefined;
  t: string[] | undefined;
  /** the branch of a union (page-batch.ts) */
  b: number;
  /** sort values of an aggregation (order.ts), by field name */
  o: Map<string, unknown> | undefined;
}

const DOUBLE = 0x01;
const STRING = 0x02;
const DOCUMENT = 0x03;
const ARRAY = 0x04;
const BINARY = 0x05;
const BOOLEAN = 0x08;
const NULL = 0x0a;
const INT32 = 0x10;
const INT64 = 0x12;

/** A driver's raw document is a Buffer, whatever its declared type says. */
export function readRaw(raw: unknown): RawDocument {
  const buffer = raw as Buffer;
  const document: RawDocument = {
    _id: '',
    j: undefined,
    v: 0,
    u: 0,
    n: 0,
    sd: null,
    m: 'PUT',
    kv: '',
    k: undefined,
    t: undefined,
    b: 0,
    o: undefined,
  };
  let at = 4;
  for (let type = buffer[at]!; type !== 0; type = buffer[at]!) {
    const nameStart = at + 1;
    let nameEnd = nameStart;
    while (buffer[nameEnd] !== 0) nameEnd++;
    const valueAt = nameEnd + 1;
    const name = buffer.toString('latin1', nameStart, nameEnd);
    if (type === BINARY) {
      const length = buffer.readInt32LE(valueAt);
      document.j = buffer.subarray(valueAt + 5, valueAt + 5 + length);
    } else {
      const value = readValue(buffer, type, valueAt);
      if (name === '_id') document._id = value as string;
      else if (name === 'v') document.v = value as number;
      else if (name === 'u') document.u = value as number;
      else if (name === 'n') document.n = value as number;
      else if (name === 'sd') document.sd = value as number | null;
      else if (name === 'm') document.m = value as RawDocument['m'];
      else if (name === 'kv') document.kv = value as string;
      else if (name === 'b') document.b = value as number;
      else if (name === 'k') document.k = value as string[];
      else if (name === 't') document.t = value as string[];
      else {
        document.o ??= new Map();
        document.o.set(name, value);
      }
    }
    at = valueAt + sizeOf(buffer, type, valueAt);
  }
  return document;
}

/** Only the `_id` (a string), for the first step of joins: 0.1 µs instead of a decoded object. */
export function readRawId(raw: unknown): string {
  const buffer = raw as Buffer;
  return buffer.toString('utf8', 13, 12 + buffer.readInt32LE(9));
}

function readValue(buffer: Buffer, type: number, at: number): unknown {
  switch (type) {
    case STRING:
      return buffer.toString('utf8', at + 4, at + 3 + buffer.readInt32LE(at));
    case DOUBLE:
      return buffer.readDoubleLE(at);
    case INT32:
      return buffer.readInt32LE(at);
    case INT64:
      return Number(buffer.readBigInt64LE(at));
    case BOOLEAN:
      return buffer[at] === 1;
    case NULL:
      return null;
    case ARRAY:
      return readStrings(buffer, at);
    default:
      return undefined;
  }
}

/** All of them are decoded at once and cut out of that, which costs a fifth of decoding each. */
function readStrings(buffer: Buffer, start: number): string[] {
  let at = start + 4;
  const bytes = buffer.subarray(at, start + buffer.readInt32LE(start));
  const whole = isAscii(bytes) ? bytes.toString('latin1') : undefined;
  const strings: string[] = [];
  for (let type = buffer[at]!; type !== 0; type = buffer[at]!) {
    at++;
    while (buffer[at] !== 0) at++;
    at++;
    if (type === STRING) {
      const end = at + 3 + buffer.readInt32LE(at);
      strings.push(whole?.slice(at - start, end - start - 4) ?? buffer.toString('utf8', at + 4, end));
    }
    at += sizeOf(buffer, type, at);
  }
  return strings;
}

function sizeOf(buffer: Buffer, type: number, at: number): number {
  switch (type) {
    case STRING:
      return 4 + buffer.readInt32LE(at);
    case DOUBLE:
    case INT64:
      return 8;
    case INT32:
      return 4;
    case BINARY:
      return 5 + buffer.readInt32LE(at);
    case BOOLEAN:
      return 1;
    case NULL:
      return 0;
    case DOCUMENT:
    case ARRAY:
      return buffer.readInt32LE(at);
    default:
      throw new TypeError(`BSON type ${type} does not occur in stored documents`);
  }
}
