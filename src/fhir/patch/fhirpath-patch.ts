// FHIRPath Patch: a Parameters resource of operations, each on the elements its FHIRPath finds. https://hl7.org/fhir/R4/fhirpatch.html
import { type ErrorKind, FhirError } from '../model/errors.ts';
import { copyJson } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { elementModel } from './element-model.ts';
import { addElement, childContainer, deleteElement, readList, setElement, writeList } from './elements.ts';
import { findTargets, type Spot, type Target } from './fhirpath-targets.ts';
import { isContainer, sameSubject } from './number-texts.ts';
import { isPatchPart, type PatchPart, readPatchValue, valueType } from './patch-value.ts';

/** One operation while it is applied. */
interface Step {
  resource: Resource;
  path: string;
  parts: ReadonlyMap<string, PatchPart>;
  fail(kind: ErrorKind, problem: string): never;
}

/** Throws FhirError: 'invalid' for what is no FHIRPath Patch, 'conflict' where it does not fit the resource; both name the operation. */
export function applyFhirPathPatch(resource: Resource, patch: unknown): Resource {
  if (!isContainer(patch) || patch.resourceType !== 'Parameters') {
    throw new FhirError('invalid', 'A FHIRPath Patch must be a Parameters resource');
  }
  const result = copyJson(resource);
  const parameters = patch.parameter ?? [];
  if (!Array.isArray(parameters)) throw new FhirError('invalid', 'Parameters.parameter must be an array');
  parameters.forEach((parameter: unknown, index) => {
    const { type, step } = readStep(result, parameter, `Parameters.parameter[${index}]`);
    operations[type](step);
  });
  return sameSubject(resource, result);
}

function readStep(resource: Resource, parameter: unknown, expression: string): { type: OperationType; step: Step } {
  const fail = (kind: ErrorKind, problem: string): never => {
    throw new FhirError(kind, `FHIRPath Patch, ${expression}: ${problem}`, { expression });
  };
  if (!isPatchPart(parameter) || parameter.name !== 'operation' || !Array.isArray(parameter.part)) {
    return fail('invalid', 'must be named "operation" and have parts');
  }
  const parts = new Map<string, PatchPart>();
  for (const part of parameter.part as unknown[]) {
    if (!isPatchPart(part)) fail('invalid', 'each part must have a name');
    else if (parts.has(part.name)) fail('invalid', `the part "${part.name}" may stand only once`);
    else parts.set(part.name, part);
  }
  const type = textOf(parts.get('type'));
  const path = textOf(parts.get('path'));
  if (typeof type !== 'string' || !Object.hasOwn(operations, type)) {
    return fail('invalid', `the part "type" must be one of ${Object.keys(operations).join(', ')}`);
  }
  if (typeof path !== 'string') return fail('invalid', 'the part "path" must be a string');
  return { type: type as OperationType, step: { resource, path, parts, fail } };
}

/** clients mix the two up, and nothing depends on it */
const textOf = (part?: PatchPart): unknown => part?.valueCode ?? part?.valueString;

type OperationType = keyof typeof operations;

const operations = {
  add(step: Step): void {
    const target = single(step);
    const name = textOf(step.parts.get('name'));
    if (typeof name !== 'string') throw step.fail('invalid', 'the part "name" must be a string');
    const part = valuePart(step);
    const model = elementModel(target.path, name, valueType(part));
    if (model === undefined) {
      throw step.fail('invalid', `${target.path} has no such element: "${name}"${ofType(part)}`);
    }
    const value = readValue(step, part, model.path);
    if (!addElement(childContainer(target), model, value)) {
      step.fail('conflict', `"${name}" exists already at ${step.path}`);
    }
  },

  insert(step: Step): void {
    const { container, property, path } = list(step);
    const items = readList(container, property);
    const index = position(step, 'index', items.length);
    writeList(container, property, items.toSpliced(index, 0, readValue(step, valuePart(step), path)));
  },

  delete(step: Step): void {
    const targets = find(step);
    if (targets.length > 1) step.fail('conflict', `${step.path} finds ${targets.length} elements, not one`);
    const target = targets[0];
    if (target !== undefined) deleteElement(spotOf(step, target));
  },

  replace(step: Step): void {
    const target = single(step);
    const { container, name, property, index, parent } = spotOf(step, target);
    const part = valuePart(step);
    if (index !== -1) {
      const items = readList(container, property);
      writeList(container, property, items.with(index, readValue(step, part, target.path)));
      return;
    }
    const model =
      elementModel(parent.path, name, valueType(part)) ?? step.fail('invalid', `${step.path} cannot be${ofType(part)}`);
    const value = readValue(step, part, model.path);
    if (model.property !== property) setElement(container, property, {});
    setElement(container, model.property, value);
  },

  move(step: Step): void {
    const { container, property } = list(step);
    const items = readList(container, property);
    const source = position(step, 'source', items.length - 1);
    const destination = position(step, 'destination', items.length - 1);
    const [moved = {}] = items.splice(source, 1);
    writeList(container, property, items.toSpliced(destination, 0, moved));
  },
};

function find({ resource, path, fail }: Step): Target[] {
  try {
    return findTargets(resource, path);
  } catch (error) {
    return fail('invalid', `the path ${JSON.stringify(path)} cannot be used: ${(error as Error).message}`);
  }
}

function single(step: Step): Target {
  const [target, ...others] = find(step);
  if (target === undefined) return step.fail('conflict', `${step.path} finds nothing in the resource`);
  if (others.length > 0) step.fail('conflict', `${step.path} finds ${others.length + 1} elements, not one`);
  return target;
}

function spotOf(step: Step, { spot }: Target): Spot {
  return spot ?? step.fail('invalid', `${step.path} is the resource itself`);
}

/** The one whole list a path names; an absent one when its parent is there. */
function list(step: Step): Pick<Spot, 'container' | 'property'> & { path: string } {
  const [first, ...others] = find(step);
  if (first === undefined) return absentList(step);
  const { container, property, index } = spotOf(step, first);
  const isOne = others.every(({ spot }) => spot?.container === container && spot.property === property);
  if (index === -1 || !isOne || readList(container, property).length !== others.length + 1) {
    step.fail('conflict', `${step.path} must find all items of one list`);
  }
  return { container, property, path: first.path };
}

function absentList(step: Step): Pick<Spot, 'container' | 'property'> & { path: string } {
  const [, path, name] = /^(.+)\.([A-Za-z]+)$/.exec(step.path) ?? [];
  if (path === undefined || name === undefined)
    return step.fail('conflict', `${step.path} finds nothing in the resource`);
  const parent = single({ ...step, path });
  const model = elementModel(parent.path, name);
  if (!model?.isArray) return step.fail('invalid', `${parent.path} has no list named "${name}"`);
  return { container: childContainer(parent), property: model.property, path: model.path };
}

function position({ parts, fail }: Step, name: string, last: number): number {
  const value = parts.get(name)?.valueInteger;
  if (!Number.isInteger(value)) fail('invalid', `the part "${name}" must be a valueInteger`);
  if ((value as number) < 0 || (value as number) > last) {
    fail('conflict', `"${name}" is ${value}, but the list allows 0 to ${last}`);
  }
  return value as number;
}

const valuePart = ({ parts, fail }: Step): PatchPart =>
  parts.get('value') ?? fail('invalid', 'the part "value" is missing');

function readValue({ fail }: Step, part: PatchPart, path: string): ReturnType<typeof readPatchValue> {
  try {
    return readPatchValue(part, path);
  } catch (error) {
    return fail('invalid', (error as Error).message);
  }
}

const ofType = (part: PatchPart): string => {
  const type = valueType(part);
  return type === undefined ? '' : ` of type ${type}`;
};
