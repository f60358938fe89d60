// What the compiler cannot do is left to fhirpath: compiled once, with the R4 model. It is loaded only when first needed, since most servers never do.
import { createRequire } from 'node:module';
import type { ResourceNode, UserInvocationTable } from 'fhirpath';
import type { Resource } from '../../model/resource.ts';
import type { Expression, Found } from './compile.ts';
import { referencedType } from './referenced-type.ts';

const require = createRequire(import.meta.url);

export function interpretExpression(type: string, expression: string): Expression {
  const fhirpath = require('fhirpath') as typeof import('fhirpath');
  const model = require('fhirpath/fhir-context/r4') as import('fhirpath').Model;
  let found: Found[] = [];
  let root: Resource;
  let bare: unknown;
  /** as fhirpath's own `resolve()` gives it, without which `is Patient` does not see a resource */
  const nodeOf = (resource: Resource): unknown => {
    keepNode(resource);
    return bare;
  };
  const functions: UserInvocationTable = {
    // fhirpath gives bare values at its end; a last function of our own still sees their types and where they hang.
    keepFound: {
      fn: (nodes: unknown[]) => {
        found = nodes.map(readNode);
        return [];
      },
      arity: { 0: [] },
      internalStructures: true,
    },
    resolve: {
      fn: (nodes: ResourceNode[]) =>
        nodes.flatMap((node) => {
          const resourceType = referencedType(node.data ?? node, root);
          return resourceType === undefined ? [] : [nodeOf({ resourceType })];
        }),
      arity: { 0: [] },
      internalStructures: true,
    },
  };
  const keepNode = fhirpath.compile('keepBare()', model, {
    userInvocationTable: {
      keepBare: {
        fn: (nodes: unknown[]) => {
          bare = nodes[0];
          return [];
        },
        arity: { 0: [] },
        internalStructures: true,
      },
    },
  });
  const run = fhirpath.compile({ base: type, expression: `(${expression}).keepFound()` }, model, {
    userInvocationTable: functions,
    traceFn: () => {},
    async: false,
  });
  return (context, container) => {
    root = container ?? context;
    found = [];
    run(context, { resource: root });
    const answer = found;
    found = [];
    return answer.filter(({ value }) => value !== undefined && value !== null);
  };
}

function readNode(node: unknown): Found {
  if (!isResourceNode(node)) return { type: systemType(node), value: node, parent: { value: node }, key: 'value' };
  const { data: value, parentResNode, propName, index } = node;
  const type = node.fhirNodeDataType ?? value?.resourceType ?? node.path ?? systemType(value);
  const holder: unknown = propName === undefined ? undefined : parentResNode?.data?.[propName];
  if (Array.isArray(holder) && index !== undefined) return { type, value, parent: holder, key: index };
  if (holder !== undefined && propName !== undefined)
    return { type, value, parent: parentResNode?.data, key: propName };
  return { type, value, parent: { value }, key: 'value' };
}

const isResourceNode = (node: unknown): node is ResourceNode =>
  typeof node === 'object' && node !== null && 'parentResNode' in node;

const systemType = (value: unknown): string =>
  typeof value === 'boolean' ? 'boolean' : typeof value === 'number' ? 'decimal' : 'string';
