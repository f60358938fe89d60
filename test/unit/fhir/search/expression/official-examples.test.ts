// Every standard search parameter on every official example: our functions find what fhirpath finds. Intended differences:
// - fhirpath's `resolve()` would read other resources; both sides tell the type from the reference (fhirpath by the function given here).
// - A union of ours keeps what it finds twice (keys are a set anyway); fhirpath compares everything with everything, and fails on a
//   Quantity with a comparator. Its operands are run one by one here.
// - A primitive that has extensions but no value is not found.
// - `as` filters a collection as `ofType` does, where fhirpath allows a single item only: R4 writes `(Group.characteristic.value as Range)`.
// - `DateTime`, as Observation's code-value-date has it, is taken for `dateTime`; fhirpath takes it for System.DateTime and finds nothing.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import fhirpath, { type ResourceNode, type UserInvocationTable } from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4';
import { findPackages } from '../../../../../src/cli/gen/packages.ts';
import type { SearchParameter } from '../../../../../src/fhir/definitions/definitions.ts';
import { loadDefinitions } from '../../../../../src/fhir/definitions/load.ts';
import { splitUnion } from '../../../../../src/fhir/definitions/read-search-parameter.ts';
import type { Resource } from '../../../../../src/fhir/model/resource.ts';
import { compileExpression, type Expression, type Found } from '../../../../../src/fhir/search/expression/compile.ts';

const definitions = loadDefinitions();

describe('search expressions on the official examples', function () {
  this.timeout(300_000);

  it('find the same values and types as fhirpath does', () => {
    const packages = findPackages(fileURLToPath(new URL('../../../../../', import.meta.url)), console.error);
    const differences: string[] = [];
    let examples = 0;
    let found = 0;
    for (const type of definitions.resourceTypes) {
      const pairs = [...definitions.searchParameters(type).values()].flatMap((parameter) => pairsOf(type, parameter));
      for (const resource of packages.read<Resource>('hl7.fhir.r4.examples', type)) {
        if (resource.resourceType !== type) continue;
        examples++;
        for (const pair of pairs) found += compare(pair, resource, resource, differences);
      }
    }
    assert.deepEqual(differences.slice(0, 20), []);
    assert.ok(examples > 5000, `${examples} examples`);
    assert.ok(found > 50_000, `${found} values`);
  });

  it('are all compiled, none is left to fhirpath', () => {
    const left = definitions.resourceTypes.flatMap((type) =>
      [...definitions.searchParameters(type).values()]
        .filter(({ expression }) => expression && !compileExpression(definitions, type, expression).compiled)
        .map(({ code }) => `${type}.${code}`),
    );
    assert.deepEqual(left, []);
  });
});

interface Pair {
  name: string;
  ours: Expression;
  theirs: (context: Resource, root: Resource) => { type: string; value: unknown }[];
  components: (type: string) => Pair[];
}

function pairsOf(type: string, { code, expression, components }: SearchParameter): Pair[] {
  return expression ? [pairOf(`${type}.${code}`, type, expression, components)] : [];
}

function pairOf(name: string, type: string, expression: string, components: SearchParameter['components']): Pair {
  const byType = new Map<string, Pair[]>();
  return {
    name,
    ours: compileExpression(definitions, type, expression),
    theirs: interpreter(type, expression),
    components(part) {
      let pairs = byType.get(part);
      if (!pairs) {
        pairs = components.map((component) =>
          pairOf(`${name} > ${component.expression}`, part, component.expression, []),
        );
        byType.set(part, pairs);
      }
      return pairs;
    },
  };
}

/** how many values were found; what differs is added to `differences` */
function compare(pair: Pair, context: Resource, root: Resource, differences: string[]): number {
  const ours = pair.ours(context, root);
  for (const item of ours) assert.equal(valueAt(item), item.value, `${pair.name}: parent and key lead to the value`);
  const a = distinct(ours);
  const b = distinct(pair.theirs(context, root));
  if (a !== b) differences.push(`${pair.name} on ${root.id}:\n ours   ${a.slice(0, 600)}\n theirs ${b.slice(0, 600)}`);
  let found = ours.length;
  for (const item of ours) {
    for (const component of pair.components(item.type))
      found += compare(component, item.value as Resource, root, differences);
  }
  return found;
}

const valueAt = ({ parent, key, value }: Found): unknown =>
  key === '' ? value : (parent as Record<string | number, unknown>)[key];

const distinct = (items: readonly { type: string; value: unknown }[]): string =>
  [...new Set(items.map(({ type, value }) => `${type} ${JSON.stringify(value)}`))].sort().join('\n        ');

/** the reference implementation, which knows nothing of ours but the reading of references */
function interpreter(type: string, expression: string): Pair['theirs'] {
  let nodes: { type: string; value: unknown }[] = [];
  let root: Resource;
  const functions: UserInvocationTable = {
    keep: {
      fn: (items: (ResourceNode | boolean)[]) => {
        for (const item of items) {
          if (typeof item === 'boolean') nodes.push({ type: 'boolean', value: item });
          else nodes.push({ type: typeOfNode(item), value: item.data });
        }
        return [];
      },
      arity: { 0: [] },
      internalStructures: true,
    },
    pointsTo: {
      fn: (items: ResourceNode[], type: string) => items.some(({ data }) => typeOfReference(data, root) === type),
      arity: { 1: ['String'] },
      internalStructures: true,
    },
  };
  const operands = splitUnion(inStrictFhirpath(expression)).map((operand) =>
    fhirpath.compile({ base: type, expression: `(${operand}).keep()` }, r4, { userInvocationTable: functions }),
  );
  return (context, container) => {
    nodes = [];
    root = container;
    for (const run of operands) run(context, { resource: container });
    return nodes.filter(({ value }) => value !== undefined && value !== null);
  };
}

/** see the intended differences above */
const inStrictFhirpath = (expression: string): string =>
  expression
    .replace(/resolve\(\) is (\w+)/g, "pointsTo('$1')")
    .replace(/([\w.]+) as (\w+)/g, '$1.ofType($2)')
    .replace(/\.as\(/g, '.ofType(')
    .replace(/\(DateTime\)/g, '(dateTime)');

function typeOfNode({ data, fhirNodeDataType, path }: ResourceNode): string {
  const type = data?.resourceType ?? fhirNodeDataType;
  if (type === 'System.String') return path?.split('.').length === 2 ? 'id' : 'string';
  return type === 'BackboneElement' || type === 'Element' ? (path ?? type) : type;
}

function typeOfReference(data: unknown, root: Resource): string | undefined {
  const text = typeof data === 'string' ? data : ((data as { reference?: string }).reference ?? '');
  const contained = (root.contained as Resource[] | undefined)?.find(({ id }) => text === `#${id}`);
  if (contained) return contained.resourceType;
  const [type = ''] = text.split('/').slice(text.includes('/_history/') ? -4 : -2);
  return definitions.resourceTypes.includes(type) ? type : (data as { type?: string }).type;
}
