// The few invariants of the base specification that belong to structure. The rest come with profile validation.
import type { Findings } from './findings.ts';
import { isNode, type Node } from './node.ts';

export type Rule = (node: Node, findings: Findings) => void;

/** https://hl7.org/fhir/R4/extensibility.html#Extension: ext-1, either a value or nested extensions */
function extensionRule(node: Node, findings: Findings): void {
  let hasValue = false;
  for (const key in node) {
    if (key.startsWith('value') || key.startsWith('_value')) {
      hasValue = true;
      break;
    }
  }
  if (hasValue === (node.extension !== undefined)) {
    findings.report('invariant', `An extension must have either a value or extensions${hasValue ? ', not both' : ''}`);
  }
}

/** https://hl7.org/fhir/R4/references.html#Reference: at least one of reference, identifier, display, or an extension */
function referenceRule(node: Node, findings: Findings): void {
  if (node.reference !== undefined || node.display !== undefined || node.identifier !== undefined) return;
  if (node._reference !== undefined || node._display !== undefined || node.extension !== undefined) return;
  findings.report('invariant', 'A Reference must have at least one of reference, identifier and display');
}

/** by datatype, after its elements have been checked */
export const typeRules: Readonly<Record<string, Rule>> = { Extension: extensionRule, Reference: referenceRule };

/** https://hl7.org/fhir/R4/domainresource.html: dom-2, dom-4, dom-5; and without an id nothing could refer to it */
export const containedRule: Rule = (resource, findings) => {
  if (resource.id === undefined) findings.report('required', 'A contained resource must have an id', 'id');
  if (resource.contained !== undefined) {
    findings.report('invariant', 'A contained resource must not contain another (dom-2)', 'contained');
  }
  const { meta } = resource;
  if (!isNode(meta)) return;
  for (const name of ['versionId', 'lastUpdated', 'security']) {
    if (meta[name] === undefined) continue;
    findings.report('invariant', `A contained resource must not have meta.${name} (dom-4, dom-5)`, 'meta');
  }
};
