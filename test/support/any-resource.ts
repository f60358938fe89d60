// One resource of any type, made by the definitions: what must be there, and a reference to a patient where the type has one. Not always valid,
// which only matters to who checks it.
import type { Definitions, ElementDefinition } from '../../src/fhir/definitions/definitions.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { parametersOf } from '../../src/fhir/search/index.ts';

const VALUES: Readonly<Record<string, unknown>> = {
  boolean: true,
  integer: 1,
  decimal: 1,
  positiveInt: 1,
  unsignedInt: 1,
  date: '2024-01-01',
  dateTime: '2024-01-01',
  instant: '2024-01-01T00:00:00Z',
  time: '12:00:00',
  base64Binary: 'eA==',
  Reference: { display: 'somebody' },
  CodeableConcept: { text: 'something' },
  Coding: { code: 'something' },
  Identifier: { value: '1' },
  Period: { start: '2024-01-01' },
  Quantity: { value: 1 },
  Resource: { resourceType: 'Basic', code: { text: 'x' } },
};

export function anyResource(definitions: Definitions, type: string, patient: string): Resource {
  const resource = { resourceType: type, ...required(definitions, type) } as Resource;
  const reference = { reference: `Patient/${patient}` };
  if (type !== 'Patient')
    for (const path of patientPaths(definitions, type)) put(definitions, type, resource, path, reference);
  return resource;
}

/** `Appointment.participant.actor` → participant, actor */
function patientPaths(definitions: Definitions, type: string): string[][] {
  const { byCode, patient } = parametersOf(definitions, type);
  const members = definitions.compartments.get('Patient')?.members.get(type) ?? [];
  const [code] = [patient, byCode.has('patient') ? 'patient' : undefined, ...members].filter(
    (one) => one !== undefined,
  );
  const expression = code === undefined ? undefined : definitions.searchParameters(type).get(code)?.expression;
  const [, path] = new RegExp(`${type}\\.([a-zA-Z.]+?)(?:\\.where\\(|$| )`).exec(expression ?? '') ?? [];
  return path === undefined ? [] : [path.split('.').filter((step) => step !== 'as')];
}

function required(definitions: Definitions, type: string): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  const groups = new Set<string>();
  for (const element of definitions.type(type)?.elements.values() ?? []) {
    if (element.min === 0 || (element.choice !== undefined && groups.has(element.choice))) continue;
    if (element.choice !== undefined) groups.add(element.choice);
    made[element.name] = element.isArray ? [aValueOf(definitions, element)] : aValueOf(definitions, element);
  }
  return made;
}

function aValueOf(definitions: Definitions, { type, requiredBinding }: ElementDefinition): unknown {
  if (type === 'code' || type === 'uri' || type === 'canonical' || type === 'url') {
    const codes = requiredBinding === undefined ? undefined : definitions.codes(requiredBinding);
    return [...(codes ?? [])].find((code) => !code.includes('|')) ?? 'urn:x:y';
  }
  if (type in VALUES) return VALUES[type];
  return definitions.type(type)?.kind === 'primitive' ? 'text' : required(definitions, type);
}

function put(
  definitions: Definitions,
  type: string,
  into: Record<string, unknown>,
  path: readonly string[],
  value: unknown,
): void {
  const [name = '', ...rest] = path;
  const elements = definitions.type(type)?.elements;
  const element =
    elements?.get(name) ??
    [...(elements?.values() ?? [])].find((one) => one.choice === name && one.type === 'Reference');
  if (!element) return;
  if (rest.length === 0) {
    into[element.name] = element.isArray ? [value] : value;
    return;
  }
  const held =
    into[element.name] ??
    (element.isArray ? [required(definitions, element.type)] : required(definitions, element.type));
  into[element.name] = held;
  put(definitions, element.type, (Array.isArray(held) ? held[0] : held) as Record<string, unknown>, rest, value);
}
