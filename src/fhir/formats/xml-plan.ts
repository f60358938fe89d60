// The definitions of a type as its XML needs them: elements by name and by JSON property, in the order the schema fixes.
// https://hl7.org/fhir/R4/xml.html
import type { Definitions, ElementDefinition } from '../definitions/definitions.ts';

export interface XmlSlot {
  /** tag and JSON property: `valueQuantity` */
  property: string;
  /** `_valueQuantity` */
  companion: string;
  /** in FHIRPath: `value` */
  name: string;
  /** place among the elements of its type */
  order: number;
  type: string;
  content: 'primitive' | 'complex' | 'resource' | 'xhtml';
  json: 'string' | 'number' | 'boolean';
  isArray: boolean;
  /** of complex content, filled when first met, since types are recursive */
  plan: XmlPlan | undefined;
}

export interface XmlPlan {
  type: string;
  isResource: boolean;
  /** what XML has as attributes: `id` of all but resources, `url` of Extension */
  attributes: ReadonlySet<string>;
  elements: ReadonlyMap<string, XmlSlot>;
  /** by JSON property, `_property` among them */
  properties: ReadonlyMap<string, XmlSlot>;
}

export interface XmlPlans {
  planOf(type: string): XmlPlan;
  isResourceType(name: string): boolean;
}

export const FHIR = 'http://hl7.org/fhir';
export const XHTML = 'http://www.w3.org/1999/xhtml';

const NUMBERS = new Set(['decimal', 'integer', 'positiveInt', 'unsignedInt']);

const known = new WeakMap<Definitions, XmlPlans>();

/** Made once for a set of definitions, each type when first asked for. */
export function xmlPlans(definitions: Definitions): XmlPlans {
  let plans = known.get(definitions);
  if (plans === undefined) {
    plans = createPlans(definitions);
    known.set(definitions, plans);
  }
  return plans;
}

function createPlans(definitions: Definitions): XmlPlans {
  const plans = new Map<string, XmlPlan>();
  const resourceTypes = new Set(definitions.resourceTypes);

  function contentOf(type: string): XmlSlot['content'] {
    if (type === 'xhtml') return 'xhtml';
    const kind = definitions.type(type)?.kind;
    if (kind === undefined) throw new Error(`The definitions do not know the type ${type}`);
    if (kind === 'resource' || kind === 'primitive') return kind;
    return 'complex';
  }

  const slotOf = ({ name, choice, type, isArray }: ElementDefinition, order: number): XmlSlot => ({
    property: name,
    companion: `_${name}`,
    name: choice ?? name,
    order,
    type,
    content: contentOf(type),
    json: type === 'boolean' ? 'boolean' : NUMBERS.has(type) ? 'number' : 'string',
    isArray,
    plan: undefined,
  });

  function create(name: string): XmlPlan {
    const type = definitions.type(name);
    if (type === undefined) throw new Error(`The definitions do not know the type ${name}`);
    const isResource = type.kind === 'resource';
    const attributes = new Set(isResource ? [] : name === 'Extension' ? ['id', 'url'] : ['id']);
    const elements = new Map<string, XmlSlot>();
    const properties = new Map<string, XmlSlot>();
    for (const element of type.elements.values()) {
      if (attributes.has(element.name)) continue;
      const slot = slotOf(element, elements.size);
      elements.set(slot.property, slot);
      properties.set(slot.property, slot);
      if (slot.content === 'primitive' || slot.content === 'xhtml') properties.set(slot.companion, slot);
    }
    return { type: name, isResource, attributes, elements, properties };
  }

  return {
    isResourceType: (name) => resourceTypes.has(name),
    planOf(type) {
      let plan = plans.get(type);
      if (plan === undefined) {
        plan = create(type);
        plans.set(type, plan);
      }
      return plan;
    },
  };
}
