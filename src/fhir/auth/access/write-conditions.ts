// What a policy demands of the content of a write: FHIRPath over what was before and what will be after.
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4';
import { FhirError } from '../../model/errors.ts';
import type { Resource } from '../../model/resource.ts';
import type { WriteCondition } from './policy.ts';

type Compiled = (resource: unknown, environment: Record<string, unknown>) => unknown[];

const compiled = new Map<string, Compiled>();
const MOST_KEPT = 500;

function compile(rule: string): Compiled {
  const known = compiled.get(rule);
  if (known) return known;
  if (compiled.size >= MOST_KEPT) compiled.clear();
  const made = fhirpath.compile(rule, r4, { traceFn: () => undefined, async: false }) as Compiled;
  compiled.set(rule, made);
  return made;
}

/** What is wrong with it, as far as it can be told without a resource. */
export function checkCondition(rule: unknown): string | undefined {
  if (typeof rule !== 'string' || rule === '') return 'is missing';
  try {
    compile(rule)({ resourceType: 'Basic' }, { before: [], after: [] });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export interface ContentChange {
  type: string;
  before?: Resource;
  after?: Resource;
}

/** Throws where the content breaks a condition of this kind of write. A rule that fails or says nothing is broken too. */
export function refuseBrokenConditions(
  conditions: readonly WriteCondition[],
  letter: 'c' | 'u' | 'd',
  { type, before, after }: ContentChange,
): void {
  for (const { on, rule, says } of conditions) {
    if (!on.includes(letter)) continue;
    let result: unknown[] = [];
    try {
      result = compile(rule)(after ?? before, { before: before ?? [], after: after ?? [] });
    } catch {
      // not met
    }
    if (result.length === 1 && result[0] === true) continue;
    throw new FhirError('forbidden', says, { expression: type });
  }
}
