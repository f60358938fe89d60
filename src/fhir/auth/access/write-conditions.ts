// What a policy demands of the content of a write: FHIRPath over what was before and what will be after, and which elements may differ.
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4';
import { FhirError } from '../../model/errors.ts';
import type { Resource } from '../../model/resource.ts';
import { deepEqual } from '../../validation/deep-equal.ts';
import { labelsOf } from './labels.ts';
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
    compile(rule)({ resourceType: 'Basic' }, { before: [], after: [], own: [] });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export interface ContentChange {
  type: string;
  before?: Resource;
  after?: Resource;
  /** `Patient/1`: those in whose name the caller writes */
  own: readonly string[];
}

/** Throws where the content breaks a condition of this kind of write. A rule that fails or says nothing is broken too. */
export function refuseBrokenConditions(
  conditions: readonly WriteCondition[],
  letter: 'c' | 'u' | 'd',
  change: ContentChange,
): void {
  const { type, before, after } = change;
  for (const { on, rule, changes, keeps, says } of conditions) {
    if (!on.includes(letter)) continue;
    const changed = changes || keeps ? changedElements(before, after) : [];
    const unwanted = changed.find((name) => keeps?.has(name) || (changes && !changes.has(name)));
    if (unwanted !== undefined) throw new FhirError('forbidden', says, { expression: `${type}.${unwanted}` });
    if (rule !== undefined && !isMet(rule, change)) throw new FhirError('forbidden', says, { expression: type });
  }
}

function isMet(rule: string, { before, after, own }: ContentChange): boolean {
  try {
    const result = compile(rule)(after ?? before, { before: before ?? [], after: after ?? [], own });
    return result.length === 1 && result[0] === true;
  } catch {
    return false;
  }
}

/**
 * Exactly, unlike FHIRPath's `~`, to which 1 is 1.4 (the less precise one rounds) and the order of items is nothing. What is said of primitives
 * (`_birthDate`) counts as theirs. Of `meta` the labels count, without the owner, which the server keeps.
 */
function changedElements(before: Resource = NOTHING, after: Resource = NOTHING): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)].map(plainName));
  return [...names].filter((name) => {
    if (name === 'resourceType' || name === 'id') return false;
    if (name === 'meta') return !deepEqual(labelsOf(before), labelsOf(after));
    return !deepEqual(before[name], after[name]) || !deepEqual(before[`_${name}`], after[`_${name}`]);
  });
}

const NOTHING = {} as Resource;
const plainName = (name: string): string => (name.startsWith('_') ? name.slice(1) : name);
