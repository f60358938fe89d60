// The walk over a resource by the plans of its base types. Profiles are checked from here: those that meta.profile names, those of extensions, and
// those that a base type asks of its elements.
import { isNode, type Node } from '../node.ts';
import { checkBinding, checkCode } from './bindings.ts';
import { checkBundle } from './bundles.ts';
import { checkContained } from './contained.ts';
import { checkExtension } from './extensions.ts';
import { checkNarrative } from './narrative.ts';
import type { BaseElement, BaseType } from './plan.ts';
import { checkConstraints, checkProfile } from './profile.ts';
import { checkReference, checkTarget, indexBundle } from './references.ts';
import type { Run } from './run.ts';

export function checkResource(resource: Node, profiles: readonly string[], run: Run): void {
  const { resourceType } = resource;
  const type = typeof resourceType === 'string' ? run.known.baseType(resourceType) : undefined;
  if (type === undefined) return;
  const bundle = run.bundle;
  if (resourceType === 'Bundle') run.bundle = indexBundle(resource);
  checkNode(type, resource, run);
  if (resource === run.rootResource) checkContained(resource, run);
  if (resourceType === 'Bundle') checkBundle(resource, run);
  if (run.depth !== 'invariants') {
    for (const canonical of profiles) checkProfile(canonical, resource, run);
    if (!run.isClaimIgnored) checkClaims(resource, profiles, run);
  }
  run.bundle = bundle;
}

/** meta.profile: https://hl7.org/fhir/R4/resource-definitions.html#Meta.profile */
function checkClaims(resource: Node, checked: readonly string[], run: Run): void {
  const { meta } = resource;
  if (!isNode(meta) || !Array.isArray(meta.profile)) return;
  for (const [index, canonical] of meta.profile.entries()) {
    if (typeof canonical !== 'string' || checked.includes(canonical)) continue;
    if (run.known.profile(canonical) !== null) checkProfile(canonical, resource, run);
    else {
      run.findings.enter('meta', -1);
      run.findings.tell(
        'warning',
        'not-found',
        `The profile ${canonical} is not known here, so it is not checked`,
        'profile',
        index,
      );
      run.findings.leave();
    }
  }
}

function checkNode(type: BaseType, node: Node, run: Run): void {
  const { findings } = run;
  checkConstraints(type.constraints, node, undefined, run);
  const checkType = typeChecks[type.name];
  if (checkType !== undefined) checkType(node, run);
  for (const key in node) {
    const element = type.elements.get(key);
    if (element === undefined) continue;
    const value = node[key];
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) {
        findings.enter(element.name, index);
        checkElement(element, value[index], node, type, run);
        findings.leave();
      }
    } else {
      findings.enter(element.name, -1);
      checkElement(element, value, node, type, run);
      findings.leave();
    }
  }
}

/** by datatype */
const typeChecks: Readonly<Record<string, (node: Node, run: Run) => void>> = {
  Reference: checkReference,
  Narrative: checkNarrative,
  Coding(node, run) {
    if (run.depth === 'everything') checkCode(node, run);
  },
  Quantity(node, run) {
    if (run.depth === 'everything') checkCode(node, run);
  },
};

function checkElement(element: BaseElement, value: unknown, parent: Node, parentType: BaseType, run: Run): void {
  const { content, constraints } = element;
  if (value === null || value === undefined) return;
  if (constraints.length > 0) checkConstraints(constraints, value, undefined, run);
  if (content === 'primitive') {
    if (element.binding !== undefined && run.depth === 'everything') {
      checkBinding(element.binding, element.type, value, undefined, run);
    }
    return;
  }
  // what has the wrong JSON type has been told
  if (!isNode(value)) return;
  if (content === 'resource') {
    checkInner(element, value, parent, run);
    return;
  }
  const type = run.known.baseType(element.type);
  if (type !== undefined) checkNode(type, value, run);
  if (run.depth === 'invariants') return;
  if (element.binding !== undefined) checkBinding(element.binding, element.type, value, undefined, run);
  if (element.targets !== undefined) checkTarget(element.targets, value, undefined, run);
  if (element.type === 'Extension') checkExtension(value, { element, parent, parentType }, run);
  for (const profile of element.profiles) checkProfile(profile, value, run);
}

/** A contained resource keeps its container as `%rootResource`; an entry of a Bundle stands for itself. */
function checkInner(element: BaseElement, resource: Node, parent: Node, run: Run): void {
  const { resource: outer, rootResource, resourceLevel, fullUrl } = run;
  const isContained = element.name === 'contained';
  run.resource = resource;
  run.resourceLevel = run.findings.level;
  if (!isContained) {
    run.rootResource = resource;
    run.fullUrl = typeof parent.fullUrl === 'string' ? parent.fullUrl : undefined;
  }
  checkResource(resource, [], run);
  run.resource = outer;
  run.rootResource = rootResource;
  run.resourceLevel = resourceLevel;
  run.fullUrl = fullUrl;
}
