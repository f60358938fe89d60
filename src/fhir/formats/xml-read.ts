// A resource's XML as the JSON the engine works with, led by the definitions. Order among different elements is not insisted on, as most
// servers and libraries do not; everything else that is not FHIR is refused with its place. https://hl7.org/fhir/R4/xml.html
import type { Definitions } from '../definitions/definitions.ts';
import { FhirError, type Issue } from '../model/errors.ts';
import { DECIMALS, type DecimalTexts } from '../model/json.ts';
import { MAX_DEPTH } from '../model/json-scan.ts';
import type { Resource } from '../model/resource.ts';
import { didYouMean } from '../validation/hints.ts';
import { rewriteNarrative } from './narrative.ts';
import { FHIR, XHTML, type XmlPlan, type XmlPlans, type XmlSlot, xmlPlans } from './xml-plan.ts';
import { type Attribute, decodeXml, type OpenTag, type Scan, scanXml } from './xml-scan.ts';

interface Node {
  [property: string]: unknown;
  [DECIMALS]?: DecimalTexts;
}

/** A client that breaks one thing in every entry of a Bundle needs no more than these. */
const MAX_ISSUES = 50;
const SCHEMA_INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';
/** what JSON can say of a number; decimal's own expression is the same */
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/**
 * Throws a FhirError 'structure' that names lines and, where the XML is well-formed, FHIRPaths. With `leftOut`, what is not FHIR in a resource
 * is left out of it and told there.
 */
export function readXml(input: Buffer | string, definitions: Definitions, leftOut?: Issue[]): Resource {
  const scan = scanXml(typeof input === 'string' ? input : decodeXml(input));
  return createReader(scan, xmlPlans(definitions), leftOut).read();
}

function createReader(scan: Scan, plans: XmlPlans, leftOut?: Issue[]): { read(): Resource } {
  const issues: Issue[] = leftOut ?? [];
  /** the elements from the root to where the reader stands, for the expression of a finding */
  const names: string[] = [];
  const indices: number[] = [];
  let depth = 0;
  /** lists of primitives with extensions among their items */
  const gapped: { node: Node; property: string }[] = [];
  /** depth of the JSON that is being made: a list counts as well */
  let jsonDepth = 0;

  return {
    read() {
      const root = scan.next() as OpenTag; // a document without an element is refused by the scan
      const resource = readResource(root);
      while (scan.next().kind !== 'end');
      if (resource === undefined || (issues.length > 0 && leftOut === undefined)) {
        throw new FhirError('structure', `${issues.length} problem(s) in the XML`, { issues });
      }
      for (const { node, property } of gapped) {
        if ((node[property] as unknown[]).every((value) => value === null)) delete node[property];
      }
      return resource;
    },
  };

  function report(code: string, diagnostics: string, index: number, name?: string): void {
    let expression = names[0] ?? '';
    for (let level = 1; level < depth; level++) {
      expression += `.${names[level]}${indices[level] === -1 ? '' : `[${indices[level]}]`}`;
    }
    if (name !== undefined) expression += expression === '' ? name : `.${name}`;
    issues.push({
      severity: 'error',
      code,
      diagnostics: `${diagnostics}${scan.placeOf(index)}`,
      ...(expression !== '' && { expression }),
    });
    if (issues.length < MAX_ISSUES) return;
    throw new FhirError('structure', 'Too many problems in the XML', { issues });
  }

  function enter(name: string, index: number): void {
    names[depth] = name;
    indices[depth++] = index;
  }

  /** Everything up to the closing tag of the element that was opened last; gives its end. */
  function skip(): number {
    for (let open = 1; ; ) {
      const token = scan.next();
      if (token.kind === 'open') open++;
      else if (token.kind === 'close' && --open === 0) return token.end;
    }
  }

  function deepen(by: number, { start }: OpenTag): void {
    jsonDepth += by;
    if (jsonDepth > MAX_DEPTH) {
      throw new FhirError('structure', `The resource is nested too deeply${scan.placeOf(start)}`);
    }
  }

  /** The element whose opening tag was read last, as a resource; undefined where it is none. */
  function readResource(tag: OpenTag): Resource | undefined {
    const { local, uri } = tag;
    if (uri !== FHIR || !plans.isResourceType(local)) {
      const problem = uri === FHIR ? `<${local}> is no resource type` : wrongNamespace(tag, FHIR);
      report(uri === FHIR ? 'value' : 'structure', problem, tag.start);
      skip();
      return undefined;
    }
    const plan = plans.planOf(local);
    const resource: Resource = { resourceType: local };
    const isOuter = depth === 0;
    if (isOuter) enter(local, -1);
    deepen(1, tag);
    readAttributes(tag, plan.attributes, undefined);
    readChildren(plan, resource);
    deepen(-1, tag);
    if (isOuter) depth--;
    return resource;
  }

  /** Puts those that are known into `node`; `value` is read where it stands among `known`. */
  function readAttributes(tag: OpenTag, known: ReadonlySet<string>, node: Node | undefined): void {
    for (const attribute of tag.attributes) {
      const { uri, local, name, value } = attribute;
      if (node !== undefined && uri === '' && known.has(local)) {
        if (value === '') report('structure', `The attribute ${name} must not be empty`, tag.start);
        node[local] = value;
      } else refuseUnlessHint(attribute, tag);
    }
  }

  /** xsi:schemaLocation and its like speak to editors. */
  function refuseUnlessHint({ uri, name }: Attribute, { local, start }: OpenTag): void {
    if (uri === SCHEMA_INSTANCE) return;
    report('structure', `Unknown attribute ${name} in <${local}>`, start, name.includes(':') ? undefined : name);
  }

  /** Children up to the closing tag. Texts between them must be empty. */
  function readChildren(plan: XmlPlan, node: Node): void {
    let told = false;
    for (;;) {
      const token = scan.next();
      if (token.kind === 'close') return;
      if (token.kind === 'open') readElement(plan, node, token);
      else if (!told && token.kind === 'text' && isContent(token.value)) {
        told = true;
        report('structure', `Text is not allowed in ${plan.type}; values are attributes`, token.start);
      }
    }
  }

  function readElement(plan: XmlPlan, node: Node, tag: OpenTag): void {
    const { local } = tag;
    const slot = plan.elements.get(local);
    if (slot === undefined || tag.uri !== (slot.content === 'xhtml' ? XHTML : FHIR)) {
      refuseElement(plan, slot, tag);
      return;
    }
    const { property, name, isArray } = slot;
    const before = node[property] ?? (slot.content === 'primitive' ? node[slot.companion] : undefined);
    if (before !== undefined && !isArray) {
      report('structure', `<${local}> may stand only once`, tag.start, name);
      skip();
      return;
    }
    const index = isArray ? ((before as unknown[] | undefined)?.length ?? 0) : -1;
    enter(name, index);
    if (slot.content === 'primitive') readPrimitive(slot, node, index, tag);
    else {
      const value = readComplex(slot, tag);
      if (index === 0) node[property] = [value];
      else if (index > 0) (node[property] as unknown[]).push(value);
      else if (value !== undefined) node[property] = value;
    }
    depth--;
  }

  function refuseElement(plan: XmlPlan, slot: XmlSlot | undefined, tag: OpenTag): void {
    const { local, uri, start } = tag;
    const wanted = slot?.content === 'xhtml' ? XHTML : FHIR;
    if (uri !== wanted && (slot !== undefined || uri !== FHIR)) {
      report('structure', wrongNamespace(tag, wanted), start, slot?.name);
    } else {
      const hint = hintFor(plan, local);
      report('structure', `Unknown element <${local}> in ${plan.type}${hint}`, start, nameInPath(local));
    }
    skip();
  }

  function readComplex(slot: XmlSlot, tag: OpenTag): unknown {
    if (slot.content === 'xhtml') return readNarrative(tag);
    if (slot.content === 'resource') return readInner(tag);
    slot.plan ??= plans.planOf(slot.type);
    const { plan, property, isArray } = slot;
    const child: Node = {};
    const levels = isArray ? 2 : 1;
    deepen(levels, tag);
    readAttributes(tag, plan.attributes, child);
    readChildren(plan, child);
    deepen(-levels, tag);
    if (isEmpty(child)) report('structure', `<${property}> must not be empty`, tag.start);
    // in the order of the definition, as for everything else: `url` comes after the extensions within
    return child.extension !== undefined && plan.attributes.has('url') ? urlAfterExtensions(child) : child;
  }

  /** `contained`, an entry's `resource`: an element around exactly one resource */
  function readInner(tag: OpenTag): unknown {
    const { local, start } = tag;
    readAttributes(tag, new Set(), undefined);
    let found: Resource | undefined;
    let count = 0;
    for (;;) {
      const token = scan.next();
      if (token.kind === 'close') break;
      if (token.kind === 'open') {
        count++;
        const resource = readResource(token);
        found ??= resource;
      } else if (token.kind === 'text' && isContent(token.value)) {
        report('structure', `Text is not allowed in <${local}>`, token.start);
      }
    }
    if (count !== 1) report('structure', `<${local}> must hold one resource, not ${count}`, start);
    return found;
  }

  function readNarrative(tag: OpenTag): string {
    const declares = /^<div[^>]*?\sxmlns\s*=/.test(scan.slice(tag.start, tag.end));
    if (!declares) return rewriteNarrative(scan, tag);
    const text = scan.slice(tag.start, skip());
    if (!text.includes('<![CDATA[') && !text.includes('<?')) return text;
    const again = scanXml(text);
    return rewriteNarrative(again, again.next() as OpenTag);
  }

  function readPrimitive(slot: XmlSlot, node: Node, index: number, tag: OpenTag): void {
    const { property, companion: beside, isArray } = slot;
    const { start } = tag;
    let text: string | undefined;
    let companion: Node | undefined;
    for (const attribute of tag.attributes) {
      const { uri, local, value } = attribute;
      if (uri === '' && local === 'value') text = value;
      else if (uri === '' && local === 'id') companion = { id: value };
      else refuseUnlessHint(attribute, tag);
    }
    for (let token = scan.next(); token.kind !== 'close'; token = scan.next()) {
      if (token.kind === 'open') {
        companion ??= {};
        deepen(isArray ? 2 : 1, token);
        readElement(plans.planOf('Element'), companion, token);
        deepen(isArray ? -2 : -1, token);
      } else if (token.kind === 'text' && isContent(token.value)) {
        report('structure', `Text is not allowed in <${property}>; write <${property} value="…"/>`, token.start);
      }
    }
    if (text === undefined && companion === undefined) {
      report('structure', `<${property}> must have a value or extensions`, start);
    }
    const value = text === undefined ? undefined : primitiveOf(slot, text, start);
    if (isArray) placeInList(slot, node, { index, value, text, companion });
    else {
      if (value !== undefined) {
        node[property] = value;
        if (slot.json === 'number') keepText(node, property, value, text!);
      }
      if (companion !== undefined) node[beside] = companion;
    }
  }

  /** Both lists have the same length, with null where one has nothing to say; neither is there if it never has. */
  function placeInList(
    { property, companion: beside, json }: XmlSlot,
    node: Node,
    item: { index: number; value: unknown; text: string | undefined; companion: Node | undefined },
  ): void {
    const { index, value, text, companion } = item;
    node[property] ??= [];
    const values = node[property] as unknown[] & Node;
    values.push(value ?? null);
    if (json === 'number' && value !== undefined) keepText(values, String(index), value, text!);
    const companions = node[beside] as unknown[] | undefined;
    if (companions !== undefined) companions.push(companion ?? null);
    else if (companion !== undefined) {
      node[beside] = [...new Array<null>(index).fill(null), companion];
      gapped.push({ node, property });
    }
  }

  function primitiveOf({ json, property }: XmlSlot, text: string, start: number): unknown {
    if (json === 'string') {
      if (text === '') report('value', `The value of <${property}> must not be empty`, start);
      return text;
    }
    const trimmed = trimXml(text);
    if (json === 'boolean') {
      if (trimmed === 'true') return true;
      if (trimmed === 'false') return false;
      report('value', `The value of <${property}> must be true or false, not "${shown(text)}"`, start);
      return undefined;
    }
    const number = Number(trimmed);
    if (NUMBER.test(trimmed) && Number.isFinite(number)) return number;
    report('value', `The value of <${property}> must be a number, not "${shown(text)}"`, start);
    return undefined;
  }
}

function keepText(parent: Node, key: string, value: unknown, written: string): void {
  const text = trimXml(written);
  if (String(value) !== text) parent[DECIMALS] = { ...parent[DECIMALS], [key]: text };
}

function urlAfterExtensions({ id, extension, url, ...rest }: Node): Node {
  return { ...(id !== undefined && { id }), extension, ...(url !== undefined && { url }), ...rest };
}

/** The schema's types of numbers and booleans collapse white space: https://www.w3.org/TR/xmlschema-2/#rf-whiteSpace */
const trimXml = (text: string): string => text.replace(/^[ \t\n\r]+|[ \t\n\r]+$/g, '');

const isContent = (text: string): boolean => /[^ \t\n\r]/.test(text);

function isEmpty(node: Node): boolean {
  for (const _ in node) return false;
  return true;
}

const wrongNamespace = ({ local, uri }: OpenTag, wanted: string): string =>
  `<${local}> must be in the namespace ${wanted}, not ${uri === '' ? 'in none' : `in ${uri}`}`;

const shown = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);

const nameInPath = (name: string): string =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `\`${name.slice(0, 64)}\``;

function hintFor({ elements, attributes }: XmlPlan, name: string): string {
  if (attributes.has(name)) return `; ${name} is an attribute here`;
  const choices = [...elements.values()].filter((slot) => slot.name === name && slot.property !== name);
  if (choices.length === 0) return didYouMean(name, elements.keys());
  return `; its type belongs to the name: ${choices
    .slice(0, 8)
    .map(({ property }) => property)
    .join(', ')}`;
}
