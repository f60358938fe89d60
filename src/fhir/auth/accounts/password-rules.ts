// What a password must be: 8 characters at least, of four kinds. Every rule that is broken is named at once.
import type { Issue } from '../../model/errors.ts';

export const SHORTEST = 8;
/** hashing is bounded work, whatever is sent */
export const LONGEST = 128;

const rules: readonly [isMet: (password: string) => boolean, demand: string][] = [
  [(password) => [...password].length >= SHORTEST, `at least ${SHORTEST} characters`],
  [(password) => password.length <= LONGEST, `at most ${LONGEST} characters`],
  [(password) => /\p{Lu}/u.test(password), 'an upper case letter'],
  [(password) => /\p{Ll}/u.test(password), 'a lower case letter'],
  [(password) => /\p{Nd}/u.test(password), 'a digit'],
  [(password) => /[^\p{L}\p{N}\s]/u.test(password), 'a special character such as ! ? # -'],
];

export function wrongPassword(password: string, expression: string): Issue[] {
  return rules
    .filter(([isMet]) => !isMet(password))
    .map(([, demand]) => ({
      severity: 'error',
      code: 'value',
      diagnostics: `The password needs ${demand}`,
      expression,
    }));
}
