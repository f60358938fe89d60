// Structural validation of a resource against the base definitions: names, JSON types, cardinality, formats, required bindings.
// https://hl7.org/fhir/R4/validation.html and https://hl7.org/fhir/R4/json.html
import type { Definitions } from '../definitions/definitions.ts';
import type { Issue } from '../model/errors.ts';
import { DECIMALS } from '../model/json.ts';
import { bindingProblem, plainCodes } from './bindings.ts';
import { createFindings, type Findings } from './findings.ts';
import { didYouMean } from './hints.ts';
import { containedRule } from './invariants.ts';
import { isNode, jsonType, type Node, shown } from './node.ts';
import { createPlans, type Plan, type Slot } from './plan.ts';
import type { Primitive } from './primitives.ts';

export interface ValidateOptions {
  /** the type the endpoint expects */
  type?: string;
  /** prefix of expressions: `Bundle.entry[3].resource` */
  path?: string;
}

export type Validate = (resource: unknown, options: ValidateOptions) => Issue[];

/** A body that is wrong throughout is not walked to its end. */
const cutOff: Issue = {
  severity: 'information',
  code: 'informational',
  diagnostics: 'The check ended here; there may be more problems',
};

/** The result checks resources: [] when structurally right. */
export function createValidator(definitions: Definitions): Validate {
  const planOf = createPlans(definitions);
  const resourceTypes = new Set(definitions.resourceTypes);

  function checkResource(resource: unknown, expected: string | undefined, findings: Findings): void {
    const claimed = isNode(resource) ? resource.resourceType : undefined;
    if (!isNode(resource)) findings.report('structure', `A resource must be a JSON object, not ${jsonType(resource)}`);
    else if (claimed === undefined) findings.report('required', 'resourceType is missing');
    else if (typeof claimed !== 'string') {
      findings.report('structure', `resourceType must be a JSON string, not ${jsonType(claimed)}`);
    } else if (!resourceTypes.has(claimed)) {
      findings.report('value', `Unknown resource type ${shown(claimed)}${didYouMean(claimed, resourceTypes)}`);
    } else if (expected !== undefined && claimed !== expected) {
      findings.report('value', `The resource must be of type ${expected}, not ${claimed}`);
    } else checkNode(planOf(claimed), resource, findings);
  }

  /** A resource, datatype or backbone element. */
  function checkNode(plan: Plan, node: Node, findings: Findings): void {
    let present = 0;
    let count = 0;
    for (const key in node) {
      const value = node[key];
      if (value === undefined) continue;
      count++;
      const slot = plan.slots.get(key);
      if (slot === undefined) {
        if (key !== 'resourceType' || !plan.isResource) reportUnknown(plan, key, findings);
      } else {
        if (slot.isChoice && (present & slot.bit) !== 0) checkChoice(plan, slot, node, findings);
        present |= slot.bit;
        if (slot.isArray) checkArray(slot, value, node, findings);
        else checkSingle(slot, value, node, findings);
      }
      if (findings.isFull) return;
    }
    if ((present & plan.mandatory) !== plan.mandatory) reportMissing(plan, present, findings);
    if (isEmptyElement(plan, node, count)) {
      findings.report('structure', 'An element must have a value, children or extensions');
    } else plan.rule?.(node, findings);
  }

  function checkSingle(slot: Slot, value: unknown, node: Node, findings: Findings): void {
    if (Array.isArray(value)) findings.report('structure', `${slot.property} must not be an array`, slot.name);
    else checkValue(slot, value, -1, node, findings);
  }

  function checkArray(slot: Slot, items: unknown, node: Node, findings: Findings): void {
    const { name, property } = slot;
    if (!Array.isArray(items)) {
      findings.report('structure', `${property} must be an array`, name);
      return;
    }
    if (items.length === 0) findings.report('structure', `${property} must not be an empty array`, name);
    if (items.length > slot.max) findings.report('structure', `${property} may have at most ${slot.max} items`, name);
    for (let i = 0; i < items.length; i++) {
      if (items[i] === null) checkGap(slot, i, node, findings);
      else checkValue(slot, items[i], i, node, findings);
      if (findings.isFull) return;
    }
  }

  function checkValue(slot: Slot, value: unknown, index: number, node: Node, findings: Findings): void {
    if (slot.primitive !== undefined) checkPrimitive(slot, slot.primitive, value, index, node, findings);
    else if (isNode(value)) {
      findings.enter(slot.name, index);
      if (slot.content === 'resource') checkInner(slot, value, findings);
      else checkElement(slot, value, findings);
      findings.leave();
    } else {
      findings.report('structure', `${slot.property} must be a JSON object, not ${jsonType(value)}`, slot.name, index);
    }
  }

  function checkInner(slot: Slot, resource: Node, findings: Findings): void {
    checkResource(resource, undefined, findings);
    if (slot.name === 'contained') containedRule(resource, findings);
  }

  function checkElement(slot: Slot, element: Node, findings: Findings): void {
    slot.plan ??= planOf(slot.type);
    checkNode(slot.plan, element, findings);
    const problem = slot.binding && bindingProblem(slot.type, element, slot.binding);
    if (problem !== undefined) findings.report('code-invalid', problem);
  }

  return (resource, { type, path }) => {
    const claimed = isNode(resource) ? resource.resourceType : undefined;
    const known = typeof claimed === 'string' && resourceTypes.has(claimed) ? claimed : 'Resource';
    const findings = createFindings(path ?? type ?? known);
    checkResource(resource, type, findings);
    return findings.isFull ? [...findings.issues, cutOff] : findings.issues;
  };
}

function checkPrimitive(
  { property, name, binding }: Slot,
  primitive: Primitive,
  value: unknown,
  index: number,
  node: Node,
  findings: Findings,
): void {
  if (typeof value !== primitive.json) {
    const problem = `${property} must be a JSON ${primitive.json}, not ${jsonType(value)}`;
    findings.report('structure', problem, name, index);
    return;
  }
  const text = primitive.json === 'number' && index === -1 ? node[DECIMALS]?.[property] : undefined;
  const problem = primitive.problem(value as string | number | boolean, text);
  if (problem !== undefined) {
    findings.report('value', `${property} ${problem}: ${text ?? shown(value)}`, name, index);
  } else if (binding !== undefined && !isBoundCode(value as string, binding.codes)) {
    const hint = didYouMean(value as string, plainCodes(binding.codes));
    findings.report('code-invalid', `${shown(value)} is not in the value set ${binding.valueSet}${hint}`, name, index);
  }
}

/** codes never hold `|` here, so that `system|code` cannot pass for a code */
const isBoundCode = (code: string, codes: ReadonlySet<string>): boolean => codes.has(code) && !code.includes('|');

/** An id alone says nothing, except as the `_property` of a value: https://hl7.org/fhir/R4/element.html, ele-1 */
const isEmptyElement = (plan: Plan, node: Node, count: number): boolean =>
  !plan.isResource && (count === 0 || (count === 1 && node.id !== undefined && plan.type !== 'Element'));

/** null may stand in an array of primitives where only extensions are known, and beside it where there are none. */
function checkGap(slot: Slot, index: number, node: Node, findings: Findings): void {
  const { property, name, content, companionOf } = slot;
  const other = node[companionOf?.property ?? `_${property}`];
  const counterpart: unknown = Array.isArray(other) ? other[index] : undefined;
  if (content === 'primitive' && counterpart !== null && counterpart !== undefined) return;
  // where both are null the primitive's own array has been told
  if (content === 'companion' && counterpart !== undefined) return;
  findings.report('structure', `${property}[${index}] must not be null`, name, index);
}

/** The second member of a choice: fine only where it is the `_valueString` of a `valueString`. */
function checkChoice(plan: Plan, slot: Slot, node: Node, findings: Findings): void {
  const own = slot.companionOf?.property ?? slot.property;
  const rivals = Object.keys(node).filter((key) => {
    const other = plan.slots.get(key);
    return other?.bit === slot.bit && (other.companionOf?.property ?? other.property) !== own;
  });
  if (rivals.length > 0) {
    findings.report('structure', `Only one of ${rivals.join(', ')} and ${own} is allowed`, slot.name);
  }
}

function reportUnknown(plan: Plan, key: string, findings: Findings): void {
  const names = [...plan.slots.keys()].filter((name) => name.startsWith('_') === key.startsWith('_'));
  const choices = names.filter((name) => plan.slots.get(name)?.isChoice && plan.slots.get(name)?.name === key);
  const hint =
    choices.length > 0 ? `; its type belongs to the name: ${choices.slice(0, 8).join(', ')}` : didYouMean(key, names);
  findings.report('structure', `Unknown element ${shown(key)} in ${plan.type}${hint}`, key);
}

function reportMissing(plan: Plan, present: number, findings: Findings): void {
  for (const { bit, name, properties } of plan.required) {
    if ((present & bit) !== 0) continue;
    const wanted = properties.length === 1 ? `${properties[0]} is` : `one of ${properties.slice(0, 8).join(', ')} is`;
    findings.report('required', `${plan.type}: ${wanted} required`, name);
  }
}
