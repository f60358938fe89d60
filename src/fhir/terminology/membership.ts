// A value set as a set in memory, for the hot path of validation: only where every code is known.
import { systemsOf } from './decide.ts';
import { enumerate } from './enumerate.ts';
import type { Membership } from './terminology.ts';
import type { Plan } from './value-set-plan.ts';

/** Undefined where it is open (a part of a code system, a grammar) or larger than `limit`. */
export async function membershipOf(plan: Plan, limit: number): Promise<Membership | undefined> {
  if (isOpen(plan)) return undefined;
  const bySystem = new Map<string, Set<string>>();
  const folded = new Set<string>();
  const codes = new Set<string>();
  for (const system of systemsOf(plan)) bySystem.set(system, new Set());
  let size = 0;
  for await (const batch of enumerate(plan, {})) {
    for (const { system, concept } of batch) {
      if (concept.isAbstract === true) continue;
      const members = bySystem.get(system) ?? new Set();
      bySystem.set(system, members.add(concept.code));
      codes.add(concept.code);
      if (++size > limit) return undefined;
    }
  }
  for (const system of caseless(plan)) for (const code of bySystem.get(system) ?? []) folded.add(keyOf(system, code));
  const hasFolded = (system: string | undefined, code: string): boolean =>
    folded.size > 0 &&
    (system === undefined
      ? [...bySystem.keys()].some((one) => folded.has(keyOf(one, code)))
      : folded.has(keyOf(system, code)));
  return {
    size,
    has: (system, code) =>
      (system === undefined ? codes.has(code) : bySystem.get(system)?.has(code) === true) || hasFolded(system, code),
    codes: () => codes,
  };
}

const keyOf = (system: string, code: string): string => `${system}|${code.toLowerCase()}`;

/** A code that is not there may still be right. */
const isOpen = ({ include }: Plan): boolean =>
  include.some(
    ({ listed, source, imports }) =>
      (listed === undefined && source !== undefined && (!source.isComplete || source.isListed === false)) ||
      imports.some(isOpen),
  );

function caseless(plan: Plan): Set<string> {
  const found = new Set<string>();
  for (const { system, source, imports } of plan.include) {
    if (system !== undefined && source?.isCaseSensitive === false) found.add(system);
    for (const imported of imports) for (const other of caseless(imported)) found.add(other);
  }
  return found;
}
