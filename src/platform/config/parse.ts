// How the text of a setting becomes a value. A parser throws a sentence's end: "must be …".
import { isIP } from 'node:net';

export type Parse<T> = (text: string) => T;

const refuse = (expected: string): never => {
  throw new Error(`must be ${expected}`);
};

export const text: Parse<string> = (value) => value;

export const integer =
  (least: number, most: number): Parse<number> =>
  (value) =>
    /^\d{1,12}$/.test(value) && Number(value) >= least && Number(value) <= most
      ? Number(value)
      : refuse(`a whole number from ${least} to ${most}`);

export const decimal =
  (least: number, most: number): Parse<number> =>
  (value) =>
    /^\d{1,9}(\.\d{1,9})?$/.test(value) && Number(value) >= least && Number(value) <= most
      ? Number(value)
      : refuse(`a number from ${least} to ${most}`);

export const oneOf =
  <const T extends string>(...allowed: readonly T[]): Parse<T> =>
  (value) =>
    allowed.find((one) => one === value) ?? refuse(allowed.join(' or '));

const words: Readonly<Record<string, boolean>> = {
  1: true,
  on: true,
  true: true,
  yes: true,
  0: false,
  off: false,
  false: false,
  no: false,
};

export const onOff: Parse<boolean> = (value) => words[value.toLowerCase()] ?? refuse('on or off');

const units: Readonly<Record<string, number>> = { '': 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };

const SHORTEST_SECRET = 32;

export const secretText: Parse<string> = (value) =>
  value.length >= SHORTEST_SECRET ? value : refuse(`at least ${SHORTEST_SECRET} characters`);

/** `no-reply@hospital.example`, or with a name before it in angle brackets; on one line */
export const mailSender: Parse<string> = (value) =>
  /^(?:[^<>\r\n]+<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/.test(value)
    ? value
    : refuse('a sender such as General Hospital <no-reply@hospital.example>');

/** `15MB` */
export const bytes: Parse<number> = (value) => {
  const [, amount, unit] = /^(\d{1,9})\s*([KMG]B)?$/i.exec(value) ?? [];
  if (amount === undefined) return refuse('a size such as 500KB, 15MB or 2GB');
  return Number(amount) * (units[(unit ?? '').toUpperCase()] ?? 1);
};

export const url =
  (...protocols: readonly string[]): Parse<string> =>
  (value) =>
    protocols.includes(protocolOf(value) ?? '')
      ? value
      : refuse(`an address that begins with ${protocols.map((one) => `${one}//`).join(' or ')}`);

const protocolOf = (value: string): string | undefined =>
  /^([a-z][a-z0-9+.-]*:)\/\/[^/\s]/i.exec(value)?.[1]?.toLowerCase();

/** An address of this service or another one, kept without a slash at the end. */
export const webAddress: Parse<string> = (value) => {
  try {
    const address = new URL(url('http:', 'https:')(value));
    if (address.search === '' && address.hash === '') return address.href.replace(/\/+$/, '');
  } catch {
    // said below
  }
  return refuse('an address such as https://fhir.example.org/fhir');
};

export const list = (value: string): readonly string[] =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** `Patient=http://…,Observation=http://…` */
export const pairs =
  (example: string): Parse<readonly (readonly [name: string, value: string])[]> =>
  (value) =>
    list(value).map((item) => {
      const [, name, rest] = /^([A-Za-z]+)\s*=\s*(\S+)$/.exec(item) ?? [];
      return name === undefined || rest === undefined ? refuse(`pairs such as ${example}`) : ([name, rest] as const);
    });

export const timeZone: Parse<string> = (value) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone && value;
  } catch {
    return refuse('a time zone name such as Asia/Kolkata or UTC');
  }
};

export interface GivenRate {
  name: string;
  rate: { most: number; seconds: number } | 'none';
}

const spans: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `standard=2000/h,login=10/15m,backend=none` */
export const rates: Parse<readonly GivenRate[]> = (value) =>
  list(value).map((item) => {
    const [, name, most, count = '1', unit] =
      /^([a-z][a-z0-9-]*)\s*=\s*(?:none|(\d{1,9})\/(\d{1,4})?([smhd]))$/.exec(item) ?? [];
    if (name === undefined || most === '0' || count === '0')
      return refuse('limits such as standard=2000/h,login=10/15m,app=none');
    return { name, rate: unit === undefined ? 'none' : { most: Number(most), seconds: Number(count) * spans[unit]! } };
  });

/** `10.0.0.0/8,::1` */
export const networks: Parse<readonly string[]> = (value) =>
  list(value).map((item) => {
    const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(item) ?? [];
    const family = isIP(address);
    const most = family === 6 ? 128 : 32;
    return family > 0 && Number(bits ?? 0) <= most
      ? item
      : refuse('addresses and networks such as 10.0.0.0/8,192.168.1.4');
  });

/** An OpenID provider that people may sign in with. */
export interface IdentityProvider {
  /** part of an address: `google` */
  id: string;
  /** on the button: `Google` */
  name: string;
  issuer: string;
  clientId: string;
  clientSecret?: string;
  /** `openid profile email` where absent */
  scope?: string;
  /** more that it wants to be asked with: `{"hd":"hospital.example"}` */
  parameters?: Readonly<Record<string, string>>;
}

export const identityProviders: Parse<readonly IdentityProvider[]> = (value) => {
  const read = jsonOf(value);
  const isList = Array.isArray(read) && read.every(isIdentityProvider);
  if (!isList || new Set(read.map(({ id }) => id)).size < read.length)
    return refuse('a JSON list of providers with id, name, issuer (https) and clientId, each id once');
  return read;
};

function jsonOf(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function isIdentityProvider(value: unknown): value is IdentityProvider {
  if (typeof value !== 'object' || value === null) return false;
  const {
    id,
    name,
    issuer,
    clientId,
    clientSecret = '',
    scope = '',
    parameters = {},
  } = value as Record<string, unknown>;
  const isText = (one: unknown): one is string => typeof one === 'string';
  return (
    [name, issuer, clientId, clientSecret, scope].every(isText) &&
    /^[a-z][a-z0-9-]{0,30}$/.test(String(id)) &&
    /^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1)[:/])/.test(String(issuer)) &&
    name !== '' &&
    clientId !== '' &&
    typeof parameters === 'object' &&
    parameters !== null &&
    Object.values(parameters).every(isText)
  );
}
