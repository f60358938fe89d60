// What a container and what is contained in it owe each other. https://hl7.org/fhir/R4/references.html#contained
import { isNode, type Node } from '../node.ts';
import type { Run } from './run.ts';

/** Each has an id of its own; dom-3: what is contained is referred to from somewhere, or refers to its container */
export function checkContained(resource: Node, run: Run): void {
  const { contained } = resource;
  if (!Array.isArray(contained) || contained.length === 0) return;
  const used = new Set<string>();
  gatherLocal(resource, used);
  const ids = new Set<string>();
  for (const [index, inner] of contained.entries()) {
    if (!isNode(inner) || typeof inner.id !== 'string') continue;
    if (ids.has(inner.id)) {
      run.findings.enter('contained', index);
      run.findings.report('value', `Another contained resource has the id ${inner.id}`, 'id');
      run.findings.leave();
    }
    ids.add(inner.id);
    if (used.has(`#${inner.id}`)) continue;
    const own = new Set<string>();
    gatherLocal(inner, own);
    if (own.has('#')) continue;
    run.findings.report(
      'invariant',
      `dom-3: nothing refers to the contained ${inner.resourceType} #${inner.id}`,
      'contained',
      index,
    );
  }
}

function gatherLocal(node: object, found: Set<string>): void {
  for (const value of Object.values(node)) {
    if (typeof value === 'string') {
      if (value.charCodeAt(0) === 0x23) found.add(value);
    } else if (typeof value === 'object' && value !== null) gatherLocal(value, found);
  }
}
