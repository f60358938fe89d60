// A small tree of an XML document, as XML Patch changes it: elements with their namespaces, attributes and texts. Comments and processing
// instructions say nothing in a resource and are left out.
import { escapeAttribute, escapeText } from '../formats/narrative.ts';
import { FHIR, XHTML } from '../formats/xml-plan.ts';
import { type Namespaces, scanXml } from '../formats/xml-scan.ts';

export interface XmlElement {
  namespace: string;
  local: string;
  attributes: XmlAttribute[];
  children: XmlNode[];
  parent: XmlElement | undefined;
  /** a narrative as it was written, until something in it changes */
  written?: string;
}

export interface XmlAttribute {
  namespace: string;
  local: string;
  value: string;
}

export interface XmlText {
  text: string;
  parent: XmlElement;
}

export type XmlNode = XmlElement | XmlText;

export const isElement = (node: XmlNode): node is XmlElement => 'local' in node;

/** The namespace of a prefix; '' is the default one. */
export type Prefixes = (prefix: string) => string | undefined;

/** `visit` is told of each element as it begins, with the prefixes that are known there. */
export function readTree(text: string, visit?: (element: XmlElement, prefixes: Prefixes) => void): XmlElement {
  const scan = scanXml(text);
  const open: Namespaces[] = [{ '': '', xml: XML }];
  const prefixes: Prefixes = (prefix) => open.findLast((one) => one[prefix] !== undefined)?.[prefix];
  let root: XmlElement | undefined;
  let current: XmlElement | undefined;
  let begin = 0;
  for (let token = scan.next(); token.kind !== 'end'; token = scan.next()) {
    if (token.kind === 'open') {
      const { local, uri: namespace } = token;
      const attributes = token.attributes.map((one) => ({ namespace: one.uri, local: one.local, value: one.value }));
      const element: XmlElement = { namespace, local, attributes, children: [], parent: current };
      current?.children.push(element);
      root ??= element;
      current = element;
      open.push(token.namespaces);
      if (isNarrative(element)) begin = token.start;
      visit?.(element, prefixes);
    } else if (token.kind === 'close' && current !== undefined) {
      if (isNarrative(current)) current.written = scan.slice(begin, token.end);
      open.pop();
      current = current.parent;
    } else if (token.kind === 'text' && current !== undefined) addText(current, token.value);
  }
  return root!; // a document without an element is refused by the scan
}

const isNarrative = ({ namespace, parent }: XmlElement): boolean =>
  namespace === XHTML && parent !== undefined && parent.namespace !== XHTML;

/** To be told of every change of an element's attributes or children. */
export function touch(element: XmlElement): void {
  for (let one: XmlElement | undefined = element; one?.namespace === XHTML; one = one.parent) delete one.written;
}

function addText(parent: XmlElement, text: string): void {
  const last = parent.children.at(-1);
  if (last !== undefined && !isElement(last)) last.text += text;
  else parent.children.push({ text, parent });
}

/** Namespaces of FHIR and XHTML as defaults where they begin; others are declared where they stand. */
export function writeTree(element: XmlElement, outer = ''): string {
  const { namespace, local, children, written } = element;
  if (written !== undefined) return written;
  let out = `<${local}${namespace === outer ? '' : ` xmlns="${escapeAttribute(namespace)}"`}`;
  for (const [index, { namespace: own, local: name, value }] of element.attributes.entries()) {
    const prefix = own === '' ? '' : own === XML ? 'xml:' : `n${index}:`;
    if (own !== '' && own !== XML) out += ` xmlns:n${index}="${escapeAttribute(own)}"`;
    out += ` ${prefix}${name}="${escapeAttribute(value)}"`;
  }
  if (children.length === 0) return `${out}/>`;
  out += '>';
  for (const child of children) out += isElement(child) ? writeTree(child, namespace) : escapeText(child.text);
  return `${out}</${local}>`;
}

const XML = 'http://www.w3.org/XML/1998/namespace';

/** A copy that hangs at `parent`; what has no namespace is FHIR's, as it is in most patches that clients write. */
export function copyTree(node: XmlNode, parent: XmlElement): XmlNode {
  if (!isElement(node)) return { text: node.text, parent };
  const inherited = parent.namespace === XHTML ? XHTML : FHIR;
  const copy: XmlElement = {
    namespace: node.namespace === '' ? inherited : node.namespace,
    local: node.local,
    attributes: node.attributes.map((one) => ({ ...one })),
    children: [],
    parent,
  };
  copy.children = node.children.map((child) => copyTree(child, copy));
  return copy;
}
