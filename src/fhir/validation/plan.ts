// A type definition made ready for checking: one look-up per JSON property, bits for what must be there.
import type { Definitions, ElementDefinition, TypeDefinition } from '../definitions/definitions.ts';
import type { Binding } from './bindings.ts';
import { type Rule, typeRules } from './invariants.ts';
import { type Primitive, primitiveOf } from './primitives.ts';

/** One JSON property a type may have. */
export interface Slot {
  /** the JSON property: `valueQuantity`, `_birthDate` */
  property: string;
  /** its name in FHIRPath: `value`, `birthDate` */
  name: string;
  type: string;
  isArray: boolean;
  max: number;
  /** this slot's bit among those of its type, shared by a choice; 0 where nobody asks */
  bit: number;
  isChoice: boolean;
  content: 'primitive' | 'complex' | 'resource' | 'companion';
  primitive?: Primitive;
  /** for complex content: filled when first met, since types are recursive */
  plan?: Plan;
  /** of `_birthDate`: the slot of `birthDate` */
  companionOf?: Slot;
  binding?: Binding;
}

export interface Plan {
  type: string;
  isResource: boolean;
  slots: ReadonlyMap<string, Slot>;
  /** the bits of what must be there, and what they stand for */
  mandatory: number;
  required: readonly { bit: number; name: string; properties: string[] }[];
  rule?: Rule;
}

/** Plans by type name, made when first asked for. */
export function createPlans(definitions: Definitions): (type: string) => Plan {
  const plans = new Map<string, Plan>();
  const primitives = new Map<string, Primitive>();

  const contentOf = (type: TypeDefinition): Pick<Slot, 'content' | 'primitive'> => {
    if (type.kind === 'resource') return { content: 'resource' };
    if (type.kind !== 'primitive') return { content: 'complex' };
    let primitive = primitives.get(type.name);
    if (primitive === undefined) {
      primitive = primitiveOf(type);
      primitives.set(type.name, primitive);
    }
    return { content: 'primitive', primitive };
  };

  const slotOf = (element: ElementDefinition, bit: number): Slot => {
    const codes = element.requiredBinding === undefined ? undefined : definitions.codes(element.requiredBinding);
    return {
      property: element.name,
      name: element.choice ?? element.name,
      type: element.type,
      isArray: element.isArray,
      max: element.max,
      bit,
      isChoice: element.choice !== undefined,
      ...contentOf(mustKnow(definitions, element.type)),
      ...(codes !== undefined && { binding: { codes, valueSet: element.requiredBinding! } }),
    };
  };

  const create = (name: string): Plan => {
    const type = mustKnow(definitions, name);
    const slots = new Map<string, Slot>();
    const required: { bit: number; name: string; properties: string[] }[] = [];
    const bits = new Map<string, number>();
    for (const element of type.elements.values()) {
      const shown = element.choice ?? element.name;
      let bit = 0;
      if (element.min > 0 || element.choice !== undefined) {
        bit = bits.get(shown) ?? 2 ** bits.size;
        if (bit > 2 ** 30) throw new Error(`${name} has more than 31 required or choice elements`);
        bits.set(shown, bit);
      }
      if (element.min > 0) {
        const group = required.find((one) => one.bit === bit);
        if (group) group.properties.push(element.name);
        else required.push({ bit, name: shown, properties: [element.name] });
      }
      const slot = slotOf(element, bit);
      slots.set(element.name, slot);
      if (slot.content === 'primitive') slots.set(`_${element.name}`, companionOf(slot));
    }
    const mandatory = required.reduce((all, { bit }) => all | bit, 0);
    const rule = typeRules[name];
    const isResource = type.kind === 'resource';
    return { type: name, isResource, slots, mandatory, required, ...(rule !== undefined && { rule }) };
  };

  return (type) => {
    let plan = plans.get(type);
    if (plan === undefined) {
      plan = create(type);
      plans.set(type, plan);
    }
    return plan;
  };
}

/** `_birthDate` beside `birthDate`: id and extensions of a primitive. https://hl7.org/fhir/R4/json.html#primitive */
function companionOf(slot: Slot): Slot {
  const { name, isArray, max, bit, isChoice } = slot;
  const property = `_${slot.property}`;
  return { property, name, type: 'Element', isArray, max, bit, isChoice, content: 'companion', companionOf: slot };
}

function mustKnow(definitions: Definitions, name: string): TypeDefinition {
  const type = definitions.type(name);
  if (type === undefined) throw new Error(`The definitions do not know the type ${name}`);
  return type;
}
