// Checks a value against what a profile adds to its base type. https://hl7.org/fhir/R4/profiling.html
import { deepEqual, fits } from '../deep-equal.ts';
import { isNode, type Node, shown } from '../node.ts';
import { checkBinding } from './bindings.ts';
import { childItems } from './elements.ts';
import { limitProblem } from './limits.ts';
import type { Constraint, Item, ProfileElement, ProfilePlan } from './plan.ts';
import { checkTarget } from './references.ts';
import type { Run } from './run.ts';
import { checkSlicing } from './slicing.ts';

/** Of a resource, an extension or another value of a datatype. */
export function checkProfile(canonical: string, value: Node, run: Run): void {
  const plan = run.known.profile(canonical);
  if (plan === undefined) return;
  if (plan === null) {
    const diagnostics = `The profile ${canonical} is not known here, so it is not checked`;
    run.findings.tell('warning', 'not-found', diagnostics);
    return;
  }
  checkPlan(plan, value, run);
}

export function checkPlan(plan: ProfilePlan, value: Node, run: Run): void {
  const { url, type, root, flaws } = plan;
  if (
    typeof value.resourceType === 'string' &&
    value.resourceType !== type &&
    !isAncestor(type, value.resourceType, run)
  ) {
    run.findings.report('structure', `The profile ${url} is about ${type}, not about ${value.resourceType}`);
    return;
  }
  // references may lead round in a circle
  const inProgress = run.inProgress.get(value) ?? new Set();
  if (inProgress.has(url)) return;
  run.inProgress.set(value, inProgress.add(url));
  for (const flaw of flaws) {
    run.findings.tell('information', 'not-supported', `The profile ${url} cannot be checked in full: ${flaw}`);
  }
  const leave = enterResource(value, run);
  checkNode(root, { value, companion: undefined, property: '', type, index: -1 }, url, run);
  leave();
  inProgress.delete(url);
}

/** A resource that a profile of another leads to stands for itself; references of an entry are read from where the entry is. */
function enterResource(value: Node, run: Run): () => void {
  const { resource, rootResource, fullUrl } = run;
  if (value === resource || typeof value.resourceType !== 'string') return () => undefined;
  const entry = run.bundle?.entryOf(value);
  run.resource = value;
  if (entry !== undefined) {
    run.rootResource = value;
    run.fullUrl = typeof entry.fullUrl === 'string' ? entry.fullUrl : undefined;
  }
  return () => Object.assign(run, { resource, rootResource, fullUrl });
}

function isAncestor(type: string, of: string, { definitions }: Run): boolean {
  for (let each = definitions.type(of)?.base; each !== undefined; each = definitions.type(each)?.base) {
    if (each === type) return true;
  }
  return false;
}

/** `by`: the profile. The place of the findings is that of the item. */
export function checkNode(element: ProfileElement, item: Item, by: string, run: Run): void {
  const { value, companion, type } = item;
  checkValue(element, item, by, run);
  checkConstraints(element.constraints, value ?? companion, by, run, type);
  const profiles =
    element.profiles?.get(type) ?? (isNode(value) ? element.profiles?.get(String(value.resourceType)) : undefined);
  if (profiles !== undefined && isNode(value)) checkOneOf(profiles, value, by, run);
  for (const child of element.children) checkChild(child, item, by, run);
}

function checkChild(element: ProfileElement, parent: Item, by: string, run: Run): void {
  const { findings } = run;
  const { name, id, min, max, types, slicing } = element;
  const items = childItems(parent, element.access);
  if (items.length < min) {
    const found = items.length === 0 ? 'missing' : `there ${times(items.length)}`;
    findings.report('required', `${id} is ${found}, ${by} asks for at least ${min}`, name);
  } else if (items.length > max) {
    const problem =
      max === 0 ? `is not allowed by ${by}` : `may be there ${times(max)} at most by ${by}, not ${items.length} times`;
    findings.report('structure', `${id} ${problem}`, name);
  }
  for (const item of items) {
    findings.enter(name, item.index);
    if (types !== undefined) checkType(types, item, id, by, run);
    checkNode(element, item, by, run);
    findings.leave();
  }
  // where the whole element is missing, so are its slices
  const isMissing = items.length === 0 && min > 0;
  if (slicing !== undefined && !isMissing) checkSlicing(element, items, by, run, checkNode);
}

const times = (count: number): string => (count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`);

function checkType(types: ReadonlySet<string>, { value, type }: Item, id: string, by: string, run: Run): void {
  const own = isNode(value) && typeof value.resourceType === 'string' ? value.resourceType : type;
  if (types.has(own)) return;
  run.findings.report('structure', `${id} may be of type ${[...types].join(', ')} by ${by}, not ${own}`);
}

function checkValue(element: ProfileElement, item: Item, by: string, run: Run): void {
  const { fixed, pattern, binding, targets, maxLength, minValue, maxValue } = element;
  const { value, type } = item;
  const { findings } = run;
  if (fixed !== undefined && !deepEqual(value, fixed)) {
    findings.report('value', `${element.id} must be exactly ${shown(fixed)} by ${by}, not ${shown(value ?? null)}`);
  }
  if (pattern !== undefined && !fits(value, pattern)) {
    findings.report('value', `${element.id} must hold ${shown(pattern)} by ${by}; it is ${shown(value ?? null)}`);
  }
  if (value === undefined) return;
  if (maxLength !== undefined && typeof value === 'string' && value.length > maxLength) {
    findings.report('value', `${element.id} may have ${maxLength} characters by ${by}, not ${value.length}`);
  }
  const limit = limitProblem(value, minValue, maxValue);
  if (limit !== undefined) findings.report('value', `${element.id} ${limit} by ${by}`);
  if (binding !== undefined) checkBinding(binding, type, value, by, run);
  if (targets !== undefined && type === 'Reference' && isNode(value)) checkTarget(targets, value, by, run);
}

/** https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.type.profile: one of them is enough */
function checkOneOf(profiles: readonly string[], value: Node, by: string, run: Run): void {
  const [only] = profiles;
  if (profiles.length === 1 && only !== undefined) {
    checkProfile(only, value, run);
    return;
  }
  const results = profiles.map((canonical) => run.conforms(value, canonical));
  if (results.some((result) => result !== false)) return;
  run.findings.report('structure', `${by} asks for ${profiles.join(' or ')}; this conforms to none of them`);
}

/** `by`: the profile; none for the base type. `type`: of the value, where it may be one of several */
export function checkConstraints(
  constraints: readonly Constraint[],
  value: unknown,
  by: string | undefined,
  run: Run,
  type?: string,
): void {
  for (const constraint of constraints) {
    if (constraint.type !== undefined && constraint.type !== type) continue;
    const { key, severity, human, source, test } = constraint;
    if (run.depth === 'invariants' && severity !== 'error') continue;
    let isMet: boolean;
    try {
      isMet = test(value, run);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      run.findings.tell('warning', 'not-supported', `${key} of ${source} could not be asked: ${why}`);
      continue;
    }
    if (isMet) continue;
    const origin = by === undefined ? '' : ` (${by})`;
    run.findings.tell(severity, 'invariant', `${key}: ${human}${origin}`);
  }
}
