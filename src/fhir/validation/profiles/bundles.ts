// What a Bundle asks of its entries as a whole, beyond its invariants. https://hl7.org/fhir/R4/bundle.html
import { ID } from '../../model/resource.ts';
import { isNode, type Node, shown } from '../node.ts';
import { readLiteral } from './references.ts';
import type { Run } from './run.ts';

export function checkBundle(bundle: Node, run: Run): void {
  if (run.depth === 'invariants' || !Array.isArray(bundle.entry)) return;
  const { findings } = run;
  for (const [index, entry] of bundle.entry.entries()) {
    if (!isNode(entry)) continue;
    findings.enter('entry', index);
    checkFullUrl(entry, bundle, run);
    findings.leave();
  }
  checkFirst(bundle.type, bundle.entry[0], run);
}

/** https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.fullUrl: it must end in the id of what it is the URL of */
function checkFullUrl({ fullUrl, resource, request }: Node, { type }: Node, { findings }: Run): void {
  const isPost = isNode(request) && request.method === 'POST';
  if (fullUrl === undefined) {
    const isNeeded = type === 'document' || type === 'message' || type === 'searchset' || type === 'collection';
    if (isNeeded && isNode(resource))
      findings.tell('warning', 'required', `An entry of a ${type} should have a fullUrl`, 'fullUrl');
    return;
  }
  if (typeof fullUrl !== 'string') return;
  if (!/^[a-z][a-z0-9+.-]*:/i.test(fullUrl)) {
    findings.report('value', `${shown(fullUrl)} is no absolute URL`, 'fullUrl');
    return;
  }
  if (!isNode(resource)) return;
  const { id, resourceType } = resource;
  const uuid = /^urn:uuid:(.*)$/.exec(fullUrl)?.[1];
  if (uuid !== undefined) {
    if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid)) {
      findings.report('value', `${shown(fullUrl)} holds no UUID (in lower case)`, 'fullUrl');
    }
    return;
  }
  const literal = readLiteral(fullUrl);
  if (literal === undefined || isPost) return;
  if (literal.type !== resourceType) {
    findings.report('value', `The fullUrl is that of a ${literal.type}, the resource is a ${resourceType}`, 'fullUrl');
  } else if (typeof id === 'string' && ID.test(id) && literal.id !== id) {
    findings.report(
      'value',
      `The fullUrl ends in ${shown(literal.id)}, the id of the resource is ${shown(id)}`,
      'fullUrl',
    );
  }
}

/** What a document or message begins with refers to the rest of it: https://hl7.org/fhir/R4/documents.html#content */
function checkFirst(type: unknown, first: unknown, run: Run): void {
  if ((type !== 'document' && type !== 'message') || !isNode(first) || !isNode(first.resource)) return;
  const { findings } = run;
  const fullUrl = typeof first.fullUrl === 'string' ? first.fullUrl : undefined;
  findings.enter('entry', 0);
  findings.enter('resource', -1);
  visit(first.resource);
  findings.leave();
  findings.leave();

  function visit(node: Node): void {
    for (const key in node) {
      const value = node[key];
      if (key === 'reference' && typeof value === 'string' && !value.startsWith('#') && !value.startsWith('urn:')) {
        if (run.bundle?.find(value, fullUrl) === undefined) {
          findings.report('not-found', `The ${type} holds no entry for ${shown(value)}`, 'reference');
        }
      } else if (Array.isArray(value)) {
        for (const [index, item] of value.entries()) if (isNode(item)) within(key, index, item);
      } else if (isNode(value) && key !== 'contained') within(key, -1, value);
    }
  }

  function within(name: string, index: number, node: Node): void {
    findings.enter(name, index);
    visit(node);
    findings.leave();
  }
}
