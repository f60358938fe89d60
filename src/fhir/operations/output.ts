// What an operation gives back, written by its OperationDefinition. https://hl7.org/fhir/R4/operations.html#response
import { DECIMALS, type DecimalTexts } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import type { OperationDefinition, Parameter } from './definition.ts';
import { type ParameterEntry, type Values, valueElement } from './parameter-entry.ts';

/**
 * A lone resource named `return` is the answer itself, everything else is Parameters; undefined where there is nothing to say.
 * An output that does not fit the definition is our mistake, so it throws a plain Error.
 */
export function encodeOutput(definition: OperationDefinition, output: Values): Resource | undefined {
  const { out, id } = definition;
  const [only] = out;
  if (out.length === 1 && only!.name === 'return' && only!.isResource && only!.max === 1) {
    refuseStrangers(out, output, id);
    if (output.return === undefined && only!.min > 0) throw new Error(`${id}: return is missing`);
    return output.return as Resource | undefined;
  }
  const parameter = entriesOf(out, output, id);
  return parameter.length === 0 ? undefined : { resourceType: 'Parameters', parameter };
}

function entriesOf(parameters: readonly Parameter[], values: Values, path: string): ParameterEntry[] {
  refuseStrangers(parameters, values, path);
  return parameters.flatMap((parameter) => {
    const { name, min, max } = parameter;
    const value = values[name];
    const items = value === undefined ? [] : Array.isArray(value) ? value : [value];
    if (items.length < min || items.length > max)
      throw new Error(`${path}.${name}: ${items.length} values, not ${min}..${max}`);
    const texts = Array.isArray(value) ? (value as { [DECIMALS]?: DecimalTexts })[DECIMALS] : undefined;
    return items.map((item, index) =>
      entryOf(parameter, item, texts?.[index] ?? values[DECIMALS]?.[name], `${path}.${name}`),
    );
  });
}

function entryOf(parameter: Parameter, value: unknown, text: string | undefined, path: string): ParameterEntry {
  const { name, parts, isResource, types } = parameter;
  if (parts.length > 0) return { name, part: entriesOf(parts, value as Values, path) };
  if (isResource) return { name, resource: value as Resource };
  const { type, value: content } =
    types.length > 1 ? (value as { type: string; value: unknown }) : { type: types[0]!, value };
  const entry: ParameterEntry = { name, [valueElement(type)]: content };
  if (text !== undefined) entry[DECIMALS] = { [valueElement(type)]: text };
  return entry;
}

function refuseStrangers(parameters: readonly Parameter[], values: Values, path: string): void {
  const stranger = Object.keys(values).find((name) => !parameters.some((parameter) => parameter.name === name));
  if (stranger !== undefined) throw new Error(`${path}: the definition has no output '${stranger}'`);
}
