// E-mail addresses as accounts know them: one spelling for each mailbox. RFC 5321 section 4.1.2, without the forms nobody uses
// (quotes, comments, address literals).
import { domainToASCII } from 'node:url';
import { FhirError, type Issue } from '../../model/errors.ts';

const LONGEST = 254;
const LONGEST_LOCAL = 64;
const local = /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
const domain = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$|^localhost$/;

/** `  Ada.Lovelace@Example.ORG ` → `ada.lovelace@example.org`; undefined where it is no address */
export function readEmail(text: string): string | undefined {
  const trimmed = text.trim().normalize('NFKC');
  const at = trimmed.lastIndexOf('@');
  if (at < 1) return undefined;
  const name = trimmed.slice(0, at).toLowerCase();
  const host = domainToASCII(trimmed.slice(at + 1));
  const isGood = name.length <= LONGEST_LOCAL && local.test(name) && domain.test(host);
  const address = `${name}@${host}`;
  return isGood && address.length <= LONGEST ? address : undefined;
}

export function wrongEmail(text: string, expression: string): Issue | undefined {
  if (readEmail(text) !== undefined) return undefined;
  return { severity: 'error', code: 'value', diagnostics: `${expression} is no e-mail address`, expression };
}

export function needEmail(text: string, expression = 'email'): string {
  const address = readEmail(text);
  if (address === undefined) throw new FhirError('value', `${expression} is no e-mail address`, { expression });
  return address;
}

/** `ada@example.org` → `a***@example.org`: enough for its owner to know it, too little for others */
export const maskEmail = (address: string): string => `${address[0]}***${address.slice(address.lastIndexOf('@'))}`;
