// An OperationDefinition as profiles/ would hold it; a test says only what matters to it.
import type { Resource } from '../../src/fhir/model/resource.ts';

interface SomeParameter {
  name: string;
  use?: 'in' | 'out';
  min?: number;
  max?: string;
  type?: string;
  part?: SomeParameter[];
  [element: string]: unknown;
}

export function anOperationDefinition({
  parameter = [],
  ...elements
}: Partial<Resource> & { parameter?: SomeParameter[] } = {}): Resource {
  return {
    resourceType: 'OperationDefinition',
    id: 'Patient-weigh',
    url: 'http://example.org/OperationDefinition/Patient-weigh',
    name: 'Weigh',
    status: 'active',
    kind: 'operation',
    affectsState: false,
    code: 'weigh',
    resource: ['Patient'],
    system: false,
    type: false,
    instance: true,
    ...(parameter.length === 0
      ? {}
      : { parameter: parameter.map((each) => ({ use: 'in', min: 0, max: '1', ...withUse(each) })) }),
    ...elements,
  };
}

/** Parts are used as their parameter is, and say so again. */
function withUse({ part, ...parameter }: SomeParameter): SomeParameter {
  const use = parameter.use ?? 'in';
  return {
    ...parameter,
    ...(part === undefined
      ? {}
      : { part: part.map((each) => ({ use, min: 0, max: '1', ...withUse({ ...each, use }) })) }),
  };
}
