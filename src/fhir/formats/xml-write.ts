// A resource's JSON as XML: elements in the order of their definitions, whatever the order in JSON; numbers as they were written.
// https://hl7.org/fhir/R4/xml.html
import type { Definitions } from '../definitions/definitions.ts';
import { numberText } from '../model/json.ts';
import { escapeAttribute, narrativeDiv } from './narrative.ts';
import { FHIR, type XmlPlan, type XmlPlans, type XmlSlot, xmlPlans } from './xml-plan.ts';

interface Node {
  [property: string]: unknown;
}

export interface XmlOptions {
  /** line breaks and indentation, for people */
  pretty?: boolean;
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';

/**
 * What no definition knows cannot be said in XML and throws a plain Error: the server stores only what it has checked, so it would be our
 * mistake.
 */
export function writeXml(resource: unknown, definitions: Definitions, { pretty = false }: XmlOptions = {}): string {
  return createWriter(xmlPlans(definitions), pretty).write(resource as Node);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ESCAPED = /[&<"\u0000-\u001f\ufffe\uffff]/;

const quoted = (text: string): string => (ESCAPED.test(text) ? escapeAttribute(text) : text);

function createWriter(plans: XmlPlans, pretty: boolean): { write(resource: Node): string } {
  let out = DECLARATION;
  let depth = 0;
  /** by depth: what stands before a tag */
  const breaks: string[] = [];

  return {
    write(resource) {
      writeResource(resource);
      return pretty ? `${out}\n` : out;
    },
  };

  function startLine(): void {
    if (pretty) out += breaks[depth] ??= `\n${'  '.repeat(depth)}`;
  }

  function writeResource(resource: Node): void {
    const type = resource.resourceType;
    if (typeof type !== 'string' || !plans.isResourceType(type)) throw new Error(`${String(type)} is no resource type`);
    startLine();
    // each resource says its namespace, as the published examples do: so it can be cut out of a Bundle
    out += `<${type} xmlns="${FHIR}"`;
    writeContent(plans.planOf(type), resource, type);
  }

  /** Children and the closing tag, where the opening one is written but for its end. */
  function writeContent(plan: XmlPlan, node: Node, tag: string): void {
    const opened = out;
    out += '>';
    depth++;
    const before = out.length;
    if (!writeInOrder(plan, node)) {
      out = `${opened}>`;
      writeSorted(plan, node);
    }
    depth--;
    if (out.length === before) {
      out = `${opened}/>`;
      return;
    }
    startLine();
    out += `</${tag}>`;
  }

  /** false where the JSON has another order than the definition */
  function writeInOrder(plan: XmlPlan, node: Node): boolean {
    let last = -1;
    for (const key in node) {
      const value = node[key];
      if (value === undefined || value === null) continue;
      const slot = plan.properties.get(key);
      if (slot === undefined) refuseUnknown(plan, key);
      else {
        if (slot.order < last) return false;
        last = slot.order;
        writeProperty(slot, key, node);
      }
    }
    return true;
  }

  function writeSorted(plan: XmlPlan, node: Node): void {
    const keys = Object.keys(node).filter((key) => plan.properties.has(key));
    keys.sort((a, b) => plan.properties.get(a)!.order - plan.properties.get(b)!.order);
    for (const key of keys) writeProperty(plan.properties.get(key)!, key, node);
  }

  function refuseUnknown(plan: XmlPlan, key: string): void {
    if (plan.attributes.has(key) || (key === 'resourceType' && plan.isResource)) return;
    throw new Error(`${plan.type} has no element ${key}`);
  }

  function writeProperty(slot: XmlSlot, key: string, node: Node): void {
    const value = node[slot.property];
    if (slot.content === 'primitive' || slot.content === 'xhtml') {
      // `_birthDate` is written with `birthDate`, and alone only where that is missing
      if (key === slot.property || value === undefined || value === null) writePrimitives(slot, value, node);
    } else if (slot.isArray && Array.isArray(value)) for (const item of value) writeComplex(slot, item);
    else writeComplex(slot, value);
  }

  function writeComplex(slot: XmlSlot, value: unknown): void {
    if (typeof value !== 'object' || value === null) throw new Error(`${slot.property} must be an object`);
    startLine();
    if (slot.content === 'resource') {
      out += `<${slot.property}>`;
      depth++;
      writeResource(value as Node);
      depth--;
      startLine();
      out += `</${slot.property}>`;
      return;
    }
    slot.plan ??= plans.planOf(slot.type);
    out += `<${slot.property}`;
    for (const name of slot.plan.attributes) {
      const attribute = (value as Node)[name];
      if (typeof attribute === 'string') out += ` ${name}="${quoted(attribute)}"`;
    }
    writeContent(slot.plan, value as Node, slot.property);
  }

  function writePrimitives(slot: XmlSlot, value: unknown, node: Node): void {
    const companion = node[slot.companion];
    if (!slot.isArray) {
      if (slot.content === 'xhtml') writeNarrative(slot, value);
      else writePrimitive(slot, node, slot.property, companion);
      return;
    }
    const values = Array.isArray(value) ? value : [];
    const companions = Array.isArray(companion) ? companion : [];
    const length = Math.max(values.length, companions.length);
    for (let i = 0; i < length; i++) writePrimitive(slot, values, i, companions[i]);
  }

  function writePrimitive({ property }: XmlSlot, parent: object, key: string | number, companion: unknown): void {
    const value = (parent as Record<string | number, unknown>)[key];
    const hasCompanion = typeof companion === 'object' && companion !== null;
    if ((value === undefined || value === null) && !hasCompanion) return;
    startLine();
    out += `<${property}`;
    if (hasCompanion && typeof (companion as Node).id === 'string') {
      out += ` id="${quoted((companion as Node).id as string)}"`;
    }
    if (typeof value === 'string') out += ` value="${quoted(value)}"`;
    else if (typeof value === 'number') out += ` value="${numberText(parent, key)}"`;
    else if (typeof value === 'boolean') out += ` value="${value}"`;
    else if (value !== undefined && value !== null) throw new Error(`${property} must be a primitive`);
    if (hasCompanion) writeContent(plans.planOf('Element'), companion as Node, property);
    else out += '/>';
  }

  function writeNarrative({ property }: XmlSlot, value: unknown): void {
    if (typeof value !== 'string') throw new Error(`${property} must be a text`);
    startLine();
    out += narrativeDiv(value);
  }
}
