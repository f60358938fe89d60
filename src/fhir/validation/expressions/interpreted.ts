// Expressions by the fhirpath library, compiled once, with the R4 model.
import { createRequire } from 'node:module';
import type { ResourceNode, UserInvocationTable } from 'fhirpath';
import { isNode, type Node } from '../node.ts';
import type { Surroundings, Test } from './expression.ts';

const require = createRequire(import.meta.url);

export function interpretExpression(type: string, expression: string): Test {
  const fhirpath = require('fhirpath') as typeof import('fhirpath');
  const model = require('fhirpath/fhir-context/r4') as import('fhirpath').Model;
  let now: Surroundings | undefined;
  const functions: UserInvocationTable = {
    resolve: {
      fn: (nodes: ResourceNode[]) =>
        nodes.flatMap((node) => {
          const data: unknown = node.data ?? node;
          const reference = isNode(data) ? data.reference : data;
          const target = typeof reference === 'string' ? (now?.resolve(reference) ?? stub(reference)) : undefined;
          return target === undefined ? [] : [asNode(target)];
        }),
      arity: { 0: [] },
      internalStructures: true,
    },
    memberOf: {
      fn: (nodes: ResourceNode[], valueSet: string) =>
        nodes.length === 1 ? [now?.memberOf(nodes[0]!.data, valueSet) ?? true] : [],
      arity: { 1: ['String'] },
      internalStructures: true,
    },
  };
  let kept: unknown;
  const keep = fhirpath.compile('keepNode()', model, {
    userInvocationTable: {
      keepNode: {
        fn: (nodes: unknown[]) => {
          kept = nodes[0];
          return [];
        },
        arity: { 0: [] },
        internalStructures: true,
      },
    },
  });
  /** as fhirpath's own `resolve()` gives it, without which `is Patient` does not see a resource */
  const asNode = (resource: Node): unknown => {
    keep(resource);
    return kept;
  };
  // `trace()` of dom-3 and others would write to the console
  const run = fhirpath.compile({ base: type, expression }, model, {
    userInvocationTable: functions,
    traceFn: () => {},
    async: false,
  });
  return (value, surroundings) => {
    now = surroundings;
    const { resource, rootResource, extension } = surroundings;
    const environment = { resource, rootResource, context: value, ...(extension !== undefined && { extension }) };
    const result: unknown = run(value as Node, environment);
    // a result that is there counts as true: http://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections
    return Array.isArray(result) && result.length > 0 && result[0] !== false;
  };
}

export function selectFrom(expression: string, resource: Node): readonly unknown[] {
  const fhirpath = require('fhirpath') as typeof import('fhirpath');
  const model = require('fhirpath/fhir-context/r4') as import('fhirpath').Model;
  return fhirpath.evaluate(resource, expression, { resource, rootResource: resource }, model, {
    traceFn: () => {},
    async: false,
  }) as unknown[];
}

/** A reference tells the type of what it leads to, also where that is elsewhere. */
function stub(reference: string): Node | undefined {
  const resourceType = /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[^/]+)?$/.exec(reference)?.[1];
  return resourceType === undefined ? undefined : { resourceType };
}
