// Plans of base types: for each element what its definition says beyond names, cardinality and formats, which validate.ts has checked.
import type { Definitions, ElementDefinition, TypeDefinition } from '../../definitions/definitions.ts';
import type { Expressions } from '../expressions/expression.ts';
import type { BaseElement, BaseType, BindingRule, Constraint, TargetRule } from './plan.ts';
import { BASE_URL, type PublishedBinding, type PublishedElement, withoutVersion } from './structure-definition.ts';

/** Checked by code of their own: the structural check, and walk.ts. */
const NATIVE: ReadonlySet<string> = new Set([
  'ele-1',
  'ext-1',
  'dom-2',
  'dom-3',
  'dom-4',
  'dom-5',
  'ref-1',
  'txt-1',
  'txt-2',
]);

const MAX_VALUE_SET = 'http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet';

/** The elements of a type's snapshot by path. */
export type Elements = ReadonlyMap<string, PublishedElement>;

export interface BaseParts {
  definitions: Definitions;
  expressions: Expressions;
}

/** `elements` are those of the StructureDefinition that `name` is in: `Observation` for `Observation.component`. */
export function createBaseType({ definitions, expressions }: BaseParts, name: string, elements: Elements): BaseType {
  const type = definitions.type(name);
  if (type === undefined) throw new Error(`The definitions do not know the type ${name}`);
  const found = new Map<string, BaseElement>();
  for (const element of type.elements.values()) {
    const base = baseElement(element, elements.get(element.path));
    if (base !== undefined) found.set(element.name, base);
    const isPrimitive = definitions.type(element.type)?.kind === 'primitive';
    if (isPrimitive) found.set(`_${element.name}`, companionOf(element));
  }
  return {
    name,
    elements: found,
    constraints: constraintsOf(elements.get(name), name, name.replace(/\..*/, '')),
    ancestors: ancestorsOf(definitions, type),
  };

  function baseElement(element: ElementDefinition, published: PublishedElement | undefined): BaseElement | undefined {
    const kind = definitions.type(element.type)?.kind;
    const content = kind === 'resource' || kind === 'primitive' ? kind : 'complex';
    // a backbone element's own invariants are those of its type; one that is defined elsewhere may add to them
    const isOwnType = kind === 'backbone' && element.type === element.path;
    const constraints = isOwnType ? [] : constraintsOf(published, element.type, element.path.replace(/\..*/, ''));
    const binding = bindingOf(published?.binding, element.type);
    const publishedType = published?.type?.find(({ code }) => code === element.type);
    const profiles = publishedType?.profile ?? [];
    const targets = element.type === 'Reference' ? baseTargets(element, publishedType?.aggregation) : undefined;
    if (content === 'primitive' && constraints.length === 0 && binding === undefined) return undefined;
    return {
      property: element.name,
      name: element.choice ?? element.name,
      path: element.path,
      type: element.type,
      content,
      constraints,
      ...(binding !== undefined && { binding }),
      ...(targets !== undefined && { targets }),
      profiles,
      isModifierExtension: element.name === 'modifierExtension',
    };
  }

  function constraintsOf(published: PublishedElement | undefined, type: string, owner: string): Constraint[] {
    return readConstraints(expressions, published, type, `${BASE_URL}${owner}`, (key) => !NATIVE.has(key));
  }
}

export function readConstraints(
  expressions: Expressions,
  element: PublishedElement | undefined,
  type: string,
  owner: string,
  isWanted: (key: string) => boolean,
): Constraint[] {
  return (element?.constraint ?? []).flatMap(({ key, severity, human, expression, source }) =>
    expression === undefined || !isWanted(key)
      ? []
      : [{ key, severity, human, source: source ?? owner, test: expressions.compile(type, expression) }],
  );
}

/** Only coded types are bound; a choice such as `value[x]` has others beside them. */
const BINDABLE: ReadonlySet<string> = new Set([
  'code',
  'Coding',
  'CodeableConcept',
  'Quantity',
  'string',
  'uri',
  'url',
  'canonical',
]);

export function bindingOf(published: PublishedBinding | undefined, type: string): BindingRule | undefined {
  if (published?.valueSet === undefined || !BINDABLE.has(type)) return undefined;
  const { strength, valueSet, extension = [] } = published;
  const maxValueSet = extension.find(({ url }) => url === MAX_VALUE_SET)?.valueCanonical;
  if (strength === 'example') {
    return maxValueSet === undefined ? undefined : { strength: 'preferred', valueSet: maxValueSet, maxValueSet };
  }
  return { strength, valueSet, ...(maxValueSet !== undefined && { maxValueSet }) };
}

function baseTargets({ targets }: ElementDefinition, aggregation: readonly string[] = []): TargetRule {
  return { types: targets === undefined ? undefined : new Set(targets), profiles: [], aggregation };
}

/** `_birthDate` is walked for the extensions in it. */
const companionOf = (element: ElementDefinition): BaseElement => ({
  property: `_${element.name}`,
  name: element.choice ?? element.name,
  path: element.path,
  type: 'Element',
  content: 'companion',
  constraints: [],
  profiles: [],
  isModifierExtension: false,
});

function ancestorsOf(definitions: Definitions, type: TypeDefinition): string[] {
  const names: string[] = [];
  for (let each: TypeDefinition | undefined = type; each !== undefined; each = definitions.type(each.base ?? '')) {
    names.push(each.name);
  }
  if (type.kind !== 'resource' && !names.includes('Element')) names.push('Element');
  return names;
}

export const sameValueSet = (a: string, b: string): boolean => withoutVersion(a) === withoutVersion(b);
