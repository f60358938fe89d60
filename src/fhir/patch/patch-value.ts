// The value of a FHIRPath Patch operation: one value[x], a resource, or parts that make up an element without a datatype of its own.
// https://hl7.org/fhir/R4/fhirpatch.html
import { copyJson } from '../model/json.ts';
import { elementModel } from './element-model.ts';
import { addElement, type ElementValue } from './elements.ts';
import { type Container, isContainer, textAt } from './number-texts.ts';

export interface PatchPart extends Container {
  name: string;
}

export const isPatchPart = (value: unknown): value is PatchPart => isContainer(value) && typeof value.name === 'string';

const VALUE = /^_?value[A-Z]/;

/** The value[x] of a part: `valueQuantity` → `Quantity`. */
export function valueType(part: PatchPart): string | undefined {
  return Object.keys(part)
    .find((key) => VALUE.test(key))
    ?.replace(/^_?value/, '');
}

/** Reads a part as an element whose children are defined at `path`. Throws an Error that says what is wrong with it. */
export function readPatchValue(part: PatchPart, path: string): ElementValue {
  const type = valueType(part);
  const ways = [type !== undefined, part.resource !== undefined, part.part !== undefined].filter(Boolean).length;
  if (ways !== 1) throw new Error(`the part "${part.name}" must have one value[x], one resource, or parts`);
  if (type === undefined) return { value: part.part === undefined ? copyJson(part.resource) : readParts(part, path) };
  const property = `value${type}`;
  const text = textAt(part, property);
  return {
    value: copyJson(part[property]),
    companion: copyJson(part[`_${property}`]),
    ...(text !== undefined && { text }),
  };
}

function readParts(whole: PatchPart, path: string): Container {
  const element: Container = {};
  const parts = Array.isArray(whole.part) ? whole.part : [];
  if (parts.length === 0) throw new Error(`the part "${whole.name}" must not be empty`);
  for (const part of parts as unknown[]) {
    if (!isPatchPart(part)) throw new Error(`each part of "${whole.name}" must have a name`);
    const model = elementModel(path, part.name, valueType(part));
    if (model === undefined) throw new Error(`${path} has no such element: "${part.name}"`);
    if (!addElement(element, model, readPatchValue(part, model.path))) {
      throw new Error(`the part "${part.name}" of "${whole.name}" may stand only once`);
    }
  }
  return element;
}
