// Regular expressions that users write (ValueSet.compose filters): run under a time limit, because a bad one takes for ever.
// https://hl7.org/fhir/R4/valueset-filter-operator.html#filter-operator-regex
import { createContext, Script } from 'node:vm';
import { FhirError } from '../model/errors.ts';

const LIMIT_MS = 1000;
const run = new Script('values.map((value) => pattern.test(value))');

/** For each value whether the whole of it matches. */
export function matchAll(pattern: string, values: readonly string[]): readonly boolean[] {
  let compiled: RegExp;
  try {
    compiled = new RegExp(`^(?:${pattern})$`, 'u');
  } catch (cause) {
    throw new FhirError('value', `The filter's value is no regular expression: ${(cause as Error).message}`, { cause });
  }
  try {
    return run.runInContext(createContext({ values, pattern: compiled }), { timeout: LIMIT_MS }) as boolean[];
  } catch (cause) {
    throw new FhirError('too-costly', `The regular expression '${pattern}' takes too long`, { cause });
  }
}
