// What FHIRPath Patch must know of an element's definition: the JSON property, whether it repeats, and where its children are defined.
// The knowledge is the R4 model that comes with fhirpath, so that paths mean the same to the search for targets and to the change.
import r4 from 'fhirpath/fhir-context/r4';

export interface ElementModel {
  /** the JSON property: `valueQuantity` */
  property: string;
  isArray: boolean;
  /** where its children are defined: `HumanName`, `Patient.contact` */
  path: string;
  /** the other properties of the same choice */
  rivals: string[];
}

/** Elements that are defined elsewhere and repeat otherwise than there; the model knows only how it is there. */
const REPEATS: Readonly<Record<string, boolean>> = {
  'Consent.provision.provision': true,
  'ExampleScenario.process.step.operation.request': false,
  'ExampleScenario.process.step.operation.response': false,
  'ImplementationGuide.definition.page.page': true,
  'MedicinalProductAuthorization.procedure.application': true,
  'SubstanceSpecification.molecularWeight': true,
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * An element by its parent's path and its name. A choice may be named `value`, when `valueType` (`Quantity`) says which one is meant, or
 * `valueQuantity`. undefined: the parent has no such element, or no such type.
 */
export function elementModel(parentPath: string, name: string, valueType?: string): ElementModel | undefined {
  const own = `${parentPath}.${name}`;
  const choices = r4.choiceTypePaths[own];
  if (choices !== undefined) {
    const type = valueType === undefined ? undefined : capital(valueType);
    return type !== undefined && choices.includes(type) ? choiceModel(parentPath, name, type, choices) : undefined;
  }
  for (let i = 1; i < name.length; i++) {
    const types = r4.choiceTypePaths[`${parentPath}.${name.slice(0, i)}`];
    if (types?.includes(name.slice(i))) return choiceModel(parentPath, name.slice(0, i), name.slice(i), types);
  }
  const defined = r4.pathsDefinedElsewhere[own] ?? own;
  if (r4.path2Type[defined] === undefined) return undefined;
  return {
    property: name,
    isArray: REPEATS[own] ?? (r4.path2Repeating[own] === true || r4.path2Repeating[defined] === true),
    path: r4.path2TypeWithoutElements[defined] ?? defined,
    rivals: [],
  };
}

function choiceModel(parentPath: string, name: string, type: string, choices: readonly string[]): ElementModel {
  const path = r4.path2TypeWithoutElements[`${parentPath}.${name}${type}`] ?? type;
  return { property: name + type, isArray: false, path, rivals: choicesBeside(name, type, choices) };
}

const choicesBeside = (name: string, type: string, choices: readonly string[]): string[] =>
  choices.filter((other) => other !== type).map((other) => name + other);

/** The JSON property an element of this FHIRPath name has in `node`: `value` → `valueQuantity`. */
export function propertyIn(node: object, parentPath: string | null, name: string): string {
  const types = r4.choiceTypePaths[`${parentPath}.${name}`] ?? [];
  const present = types
    .map((type) => name + type)
    .find((key) => Object.hasOwn(node, key) || Object.hasOwn(node, `_${key}`));
  return present ?? name;
}
