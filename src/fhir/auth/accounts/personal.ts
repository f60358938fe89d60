// What people say of themselves: names and telephone numbers, checked for what would break a mail, a page or a record.
import type { Issue } from '../../model/errors.ts';

const LONGEST_NAME = 100;
// letters of any script with their marks, spaces and the few signs that stand in names
const name = /^[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N} .,'’ʼ`()·-]*$/u;

export function wrongName(text: string, expression: string): Issue | undefined {
  const trimmed = text.trim();
  if (trimmed.length > LONGEST_NAME) return issue(expression, `is longer than ${LONGEST_NAME} characters`);
  return name.test(trimmed) ? undefined : issue(expression, "is no name: letters, spaces and . , ' - are possible");
}

/** `+91 98765-43210` → `+919876543210`; undefined where it is no telephone number (E.164 with or without its country) */
export function readPhone(text: string): string | undefined {
  const number = text
    .trim()
    .replace(/[\s().\-/]/g, '')
    .replace(/^00/, '+');
  return /^\+?[0-9]{6,15}$/.test(number) ? number : undefined;
}

export const wrongPhone = (text: string, expression: string): Issue | undefined =>
  readPhone(text) === undefined ? issue(expression, 'is no telephone number; +49 30 123456 is one') : undefined;

const issue = (expression: string, text: string): Issue => ({
  severity: 'error',
  code: 'value',
  diagnostics: `${expression} ${text}`,
  expression,
});
