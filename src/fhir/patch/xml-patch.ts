// XML Patch (RFC 5261) on the XML of a resource. https://www.rfc-editor.org/rfc/rfc5261 and https://hl7.org/fhir/R4/http.html#patch
import type { Definitions } from '../definitions/definitions.ts';
import { FHIR } from '../formats/xml-plan.ts';
import { readXml } from '../formats/xml-read.ts';
import { decodeXml } from '../formats/xml-scan.ts';
import { writeXml } from '../formats/xml-write.ts';
import { type ErrorKind, FhirError } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import { sameSubject } from './number-texts.ts';
import { type Found, readSelector, type Selector } from './xml-selector.ts';
import {
  copyTree,
  isElement,
  type Prefixes,
  readTree,
  touch,
  writeTree,
  type XmlElement,
  type XmlNode,
} from './xml-tree.ts';

type Name = 'add' | 'replace' | 'remove';

interface XmlOperation {
  name: Name;
  sel: string;
  selector: Selector;
  attributes: Readonly<Record<string, string>>;
  /** the operation in the patch; its children are what is added or put in place */
  element: XmlElement;
}

export type XmlPatch = readonly XmlOperation[];

/** The registered namespace of the operations; most patches, the RFC's own among them, do without. */
const PATCH_OPS = 'urn:ietf:params:xml:schema:patch-ops';
const KNOWN: Readonly<Record<Name, readonly string[]>> = {
  add: ['sel', 'pos', 'type'],
  replace: ['sel'],
  remove: ['sel', 'ws'],
};
const POSITIONS = new Set(['prepend', 'before', 'after']);
/** A few thousand `//*` on a large resource would keep the server busy for long. */
const MAX_VISITS = 1_000_000;

const failure = (kind: ErrorKind, index: number, problem: string): FhirError =>
  new FhirError(kind, `XML Patch operation [${index}]: ${problem}`);

/** Throws FhirError 'invalid' that names the operation, 'structure' where the text is no XML. */
export function readXmlPatch(bytes: Buffer): XmlPatch {
  const operations: XmlOperation[] = [];
  const root = readTree(decodeXml(bytes), (element, prefixes) => {
    if (element.parent === undefined || element.parent.parent !== undefined) return;
    operations.push(readOperation(element, operations.length, prefixes));
  });
  if (root.local !== 'diff') throw new FhirError('invalid', `An XML Patch must be a <diff>, not <${root.local}>`);
  if (root.children.some((child) => !isElement(child) && isContent(child)))
    throw new FhirError('invalid', 'An XML Patch holds operations, not text');
  return operations;
}

function readOperation(element: XmlElement, index: number, prefixes: Prefixes): XmlOperation {
  const { local } = element;
  if (!Object.hasOwn(KNOWN, local)) throw failure('invalid', index, `must be add, replace or remove, not <${local}>`);
  const name = local as Name;
  const attributes: Record<string, string> = {};
  for (const { namespace, local: key, value } of element.attributes) {
    if (namespace !== '') continue;
    if (!KNOWN[name].includes(key)) throw failure('invalid', index, `<${name}> has no attribute "${key}"`);
    attributes[key] = value;
  }
  const { sel, pos } = attributes;
  if (sel === undefined || sel.trim() === '') throw failure('invalid', index, 'the attribute "sel" is missing');
  if (pos !== undefined && !POSITIONS.has(pos)) {
    throw failure('invalid', index, `"pos" must be prepend, before or after, not "${pos}"`);
  }
  try {
    return { name, sel, selector: readSelector(sel, (prefix) => namespaceIn(prefixes, prefix)), attributes, element };
  } catch (error) {
    throw failure('invalid', index, `the selector ${JSON.stringify(sel)} cannot be used: ${(error as Error).message}`);
  }
}

/** Names without a prefix are FHIR's, unless the patch says otherwise. */
function namespaceIn(prefixes: Prefixes, prefix: string): string | undefined {
  const namespace = prefixes(prefix);
  return prefix === '' && (namespace === '' || namespace === PATCH_OPS) ? FHIR : namespace;
}

/** Throws FhirError 'conflict' where the patch does not fit the resource, 'structure' where what it makes is no resource. */
export function applyXmlPatch(resource: Resource, patch: XmlPatch, definitions: Definitions): Resource {
  let root = readTree(writeXml(resource, definitions));
  let visits = 0;
  for (const [index, operation] of patch.entries()) {
    const { sel, selector, name } = operation;
    const found = selector.find(root, (nodes) => {
      visits += nodes;
      if (visits > MAX_VISITS) throw failure('too-costly', index, 'the patch looks at too much');
    });
    const [target, ...others] = found;
    if (target === undefined) throw failure('conflict', index, `unlocated-node: ${sel} finds nothing in the resource`);
    if (others.length > 0) {
      throw failure('conflict', index, `unlocated-node: ${sel} finds ${others.length + 1} nodes, not one`);
    }
    root = operations[name](target, operation, index) ?? root;
  }
  return sameSubject(resource, readBack(writeTree(root), definitions));
}

/** Places in the XML that was made on the way would tell the client nothing. */
function readBack(text: string, definitions: Definitions): Resource {
  try {
    return readXml(text, definitions);
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    const issues = error.issues.map((issue) => ({
      ...issue,
      diagnostics: issue.diagnostics.replace(/ at line \d+, column \d+$/, ' after the patch'),
    }));
    throw new FhirError(error.kind, error.message, { issues });
  }
}

/** Each may give another root. */
const operations: Readonly<
  Record<Name, (target: Found, operation: XmlOperation, index: number) => XmlElement | undefined>
> = {
  add(target, { attributes, element }, index) {
    if (attributes.type !== undefined) return addAttribute(target, attributes.type, element, index);
    const { pos } = attributes;
    if (element.children.length === 0) throw failure('invalid', index, 'there is nothing to add');
    const isBeside = pos === 'before' || pos === 'after';
    if (!isBeside) {
      if (target.kind !== 'element') throw failure('invalid', index, 'invalid-node-types: only elements have children');
      const { element: parent } = target;
      const added = element.children.map((child) => copyTree(child, parent));
      parent.children.splice(pos === 'prepend' ? 0 : parent.children.length, 0, ...added);
      touch(parent);
      return undefined;
    }
    const node = nodeOf(target);
    const parent = node?.parent;
    if (node === undefined) throw failure('invalid', index, 'invalid-node-types: an attribute has no place beside it');
    if (parent === undefined)
      throw failure('invalid', index, 'invalid-root-element-operation: nothing stands beside it');
    const at = parent.children.indexOf(node) + (pos === 'after' ? 1 : 0);
    parent.children.splice(at, 0, ...element.children.map((child) => copyTree(child, parent)));
    touch(parent);
    return undefined;
  },

  replace(target, { element }, index) {
    if (target.kind === 'attribute') {
      target.attribute.value = textIn(element, index);
      touch(target.element);
      return undefined;
    }
    const node = nodeOf(target);
    if (node === undefined) throw failure('invalid', index, 'the document cannot be replaced');
    if (!isElement(node)) {
      node.text = textIn(element, index);
      touch(node.parent);
      return undefined;
    }
    const [content, ...others] = element.children.filter(isContent);
    if (content === undefined || others.length > 0 || !isElement(content)) {
      throw failure('invalid', index, 'invalid-patch-directive: an element is replaced by exactly one element');
    }
    const { parent } = node;
    if (parent === undefined) return copyTree(content, node) as XmlElement;
    parent.children[parent.children.indexOf(node)] = copyTree(content, parent);
    touch(parent);
    return undefined;
  },

  remove(target, { element }, index) {
    if (element.children.some(isContent)) throw failure('invalid', index, '<remove> must be empty');
    if (target.kind === 'attribute') {
      const { attributes } = target.element;
      attributes.splice(attributes.indexOf(target.attribute), 1);
      touch(target.element);
      return undefined;
    }
    const node = nodeOf(target);
    if (node?.parent === undefined) {
      throw failure('invalid', index, 'invalid-root-element-operation: the resource itself cannot be removed');
    }
    const { parent } = node;
    parent.children.splice(parent.children.indexOf(node), 1);
    touch(parent);
    return undefined;
  },
};

const ATTRIBUTE = /^(?:@|attribute::)([A-Za-z_][\w.-]*)$/;

function addAttribute(target: Found, type: string, element: XmlElement, index: number): undefined {
  const local = ATTRIBUTE.exec(type)?.[1];
  if (local === undefined) {
    throw failure('invalid', index, `"type" must be the name of an attribute, such as @value, not "${type}"`);
  }
  if (target.kind !== 'element') throw failure('invalid', index, 'invalid-node-types: only elements have attributes');
  const { attributes } = target.element;
  if (attributes.some((one) => one.namespace === '' && one.local === local)) {
    throw failure('conflict', index, `the attribute "${local}" exists already`);
  }
  attributes.push({ namespace: '', local, value: textIn(element, index) });
  touch(target.element);
}

function nodeOf(found: Found): XmlNode | undefined {
  if (found.kind === 'element') return found.element;
  return found.kind === 'text' ? found.text : undefined;
}

/** The new value of an attribute or text; white space around it is the patch's layout. */
function textIn({ children }: XmlElement, index: number): string {
  const texts = children.map((child) => {
    if (isElement(child)) throw failure('invalid', index, 'invalid-node-types: a text is expected, not an element');
    return child.text;
  });
  return texts.join('').trim();
}

const isContent = (node: XmlNode): boolean => isElement(node) || /[^ \t\r\n]/.test(node.text);
