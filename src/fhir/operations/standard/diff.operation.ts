// $diff of two versions or two resources, as a FHIRPath Patch that makes the second of the first: [type]/[id]/$diff and [base]/$diff.
import type { ResourceDiffInput, ResourceDiffOutput } from '../../../generated/operation-io.ts';
import { FhirError, gone } from '../../model/errors.ts';
import { localName } from '../../model/references.ts';
import type { Resource } from '../../model/resource.ts';
import { defineOperation, type OperationContext } from '../operation.ts';
import { diffOf } from './diff.ts';
import { contentOf, need } from './stored.ts';

export default defineOperation<ResourceDiffInput, ResourceDiffOutput>({
  definition: 'Resource-diff',
  needs: ['*.r'],
  onVersions: true,
  async run(input, context) {
    const { includeMeta = false } = input;
    const [before, after] =
      context.target.level === 'instance' ? await versionsOf(input, context) : await named(input, context);
    if (before.resourceType !== after.resourceType) {
      throw new FhirError('value', `A ${before.resourceType} cannot be patched into a ${after.resourceType}`, {
        expression: input.to === undefined ? 'toResource' : 'to',
      });
    }
    const parameter = diffOf(context.engine.definitions, before, after, includeMeta);
    return {
      return: {
        resourceType: 'Parameters',
        ...(parameter.length > 0 && { parameter }),
      } as ResourceDiffOutput['return'],
    };
  },
});

async function versionsOf(
  input: ResourceDiffInput,
  { target, store }: OperationContext,
): Promise<[Resource, Resource]> {
  const { type, id, version } = target as { type: string; id: string; version?: string };
  for (const name of ['from', 'to', 'fromResource', 'toResource'] as const) {
    if (input[name] !== undefined)
      throw new FhirError('invalid', `${name} is for [base]/$diff only`, { expression: name });
  }
  const after = version === undefined ? await need(store, type, id) : await readVersion(store, type, id, version);
  const earlier = input.fromVersion ?? String(after.version - 1);
  if (earlier === '0')
    throw new FhirError('not-found', `${type}/${id} has no version before 1`, { expression: 'fromVersion' });
  return [contentOf(await readVersion(store, type, id, earlier, 'fromVersion')), contentOf(after)];
}

async function named(input: ResourceDiffInput, context: OperationContext): Promise<[Resource, Resource]> {
  if (input.fromVersion !== undefined) {
    throw new FhirError('invalid', 'fromVersion is for a resource: [type]/[id]/$diff', { expression: 'fromVersion' });
  }
  return [
    await namedOrGiven(context, 'from', input.from, input.fromResource),
    await namedOrGiven(context, 'to', input.to, input.toResource),
  ];
}

async function namedOrGiven(
  { store, call }: OperationContext,
  parameter: 'from' | 'to',
  text: string | undefined,
  given: Resource | undefined,
): Promise<Resource> {
  if ((text === undefined) === (given === undefined)) {
    throw new FhirError('required', `Give either ${parameter} or ${parameter}Resource`, { expression: parameter });
  }
  if (given !== undefined) return given;
  const name = localName(text!, call.base);
  if (name === undefined) {
    throw new FhirError(
      'value',
      `${parameter} must be Type/id or Type/id/_history/version of this server, not '${text}'`,
      {
        expression: parameter,
      },
    );
  }
  const version = /\/_history\/([^/]+)$/.exec(text!)?.[1];
  const { type, id } = name;
  return contentOf(
    version === undefined ? await need(store, type, id) : await readVersion(store, type, id, version, parameter),
  );
}

async function readVersion(
  store: OperationContext['store'],
  type: string,
  id: string,
  version: string,
  expression?: string,
): Promise<{ version: number; bytes: Buffer }> {
  const stored = /^[1-9]\d{0,14}$/.test(version) ? await store.vread(type, id, Number(version)) : undefined;
  if (stored === undefined) {
    throw new FhirError('not-found', `${type}/${id} has no version ${version}`, {
      ...(expression !== undefined && { expression }),
    });
  }
  if (stored.bytes === null) throw gone(type, id, stored.version);
  return { version: stored.version, bytes: stored.bytes };
}
