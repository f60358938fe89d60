// Is a code in a value set? Yes, no, or a sentence why that cannot be said here.
import type { CodeSystemSource } from '../model/concept.ts';
import { codeKey, type Part, type Plan } from './value-set-plan.ts';
import { isVersion } from './versions.ts';

export type Decision = boolean | string;
export type Decisions = ReadonlyMap<string, Decision>;

/** Codes of one system at once, so that a database is asked once. */
export async function decide(
  plan: Plan,
  codes: readonly string[],
  { system, version }: { system: string; version?: string },
): Promise<Decisions> {
  const of = { system, ...(version !== undefined && { version }) };
  const included = await Promise.all(plan.include.map((part) => decidePart(part, codes, of)));
  const excluded = await Promise.all(plan.exclude.map((part) => decidePart(part, codes, of)));
  const decisions = new Map(
    codes.map((code) => {
      const isIn = any(included.map((part) => part.get(code)!));
      return [code, isIn === false ? false : both(isIn, not(any(excluded.map((part) => part.get(code)!))))];
    }),
  );
  if (plan.activeOnly) await withoutInactive(decisions, plan, system);
  return decisions;
}

async function decidePart(
  part: Part,
  codes: readonly string[],
  of: { system: string; version?: string },
): Promise<Decisions> {
  if (part.system !== undefined && part.system !== of.system) return all(codes, false);
  if (part.version !== undefined && of.version !== undefined && !isVersion(of.version, part.version))
    return all(codes, false);
  let decisions = await decideOwn(part, codes);
  if (part.missingImport !== undefined) {
    const why = part.missingImport;
    decisions = new Map([...decisions].map(([code, decision]) => [code, both(decision, why)]));
  }
  for (const imported of part.imports) {
    const others = await decide(imported, codes, of);
    decisions = new Map(codes.map((code) => [code, both(decisions.get(code)!, others.get(code)!)]));
  }
  return decisions;
}

async function decideOwn(
  { system, source, missing, listed, filters }: Part,
  codes: readonly string[],
): Promise<Decisions> {
  if (listed !== undefined) return new Map(codes.map((code) => [code, listed.has(codeKey(code, source))]));
  if (missing !== undefined) return all(codes, missing);
  if (system === undefined || source === undefined) return all(codes, true);
  const meeting = await source.test(codes, filters);
  if (source.isComplete) return new Map(codes.map((code) => [code, meeting.has(code)]));
  const known = filters.length === 0 ? meeting : await source.test(codes, []);
  const unsure = `The code system ${system} is here only in part`;
  return new Map(codes.map((code) => [code, meeting.has(code) || (known.has(code) ? false : unsure)]));
}

async function withoutInactive(decisions: Map<string, Decision>, plan: Plan, system: string): Promise<void> {
  const source = sourceOfSystem(plan, system);
  const codes = [...decisions].filter(([, decision]) => decision === true).map(([code]) => code);
  for (const { code, isActive } of (await source?.lookupMany(codes)) ?? []) if (!isActive) decisions.set(code, false);
}

/** Where the plan, or what it imports, takes this system from. */
export function sourceOfSystem(plan: Plan, system: string): CodeSystemSource | undefined {
  for (const part of plan.include) {
    if (part.system === system && part.source !== undefined) return part.source;
    for (const imported of part.imports) {
      const source = sourceOfSystem(imported, system);
      if (source !== undefined) return source;
    }
  }
  return undefined;
}

/** The systems that codes of the value set may be of. */
export function systemsOf(plan: Plan): Set<string> {
  const systems = new Set<string>();
  for (const { system, imports } of plan.include) {
    if (system !== undefined) systems.add(system);
    else for (const imported of imports) for (const other of systemsOf(imported)) systems.add(other);
  }
  return systems;
}

/** Why codes of systems that nobody named cannot be told: an imported value set is not here. */
export function missingImportOf({ include }: Plan): string | undefined {
  for (const { system, missingImport, imports } of include) {
    if (system !== undefined) continue;
    if (missingImport !== undefined) return missingImport;
    for (const imported of imports) {
      const missing = missingImportOf(imported);
      if (missing !== undefined) return missing;
    }
  }
  return undefined;
}

const all = (codes: readonly string[], decision: Decision): Decisions => new Map(codes.map((code) => [code, decision]));

const any = (decisions: readonly Decision[]): Decision =>
  decisions.includes(true) || (decisions.find((decision) => typeof decision === 'string') ?? false);

const both = (one: Decision, other: Decision): Decision => {
  if (one === false || other === false) return false;
  return one === true ? other : one;
};

const not = (decision: Decision): Decision => (typeof decision === 'string' ? decision : !decision);
