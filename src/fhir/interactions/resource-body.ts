// What the body of a write must be: one resource of the right type, structurally right.
import { type ErrorKind, errorKinds, FhirError, type Issue } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import type { Call } from './call.ts';

export type Validate = (resource: unknown, options: { type?: string; path?: string }) => Issue[];

export function readResourceBody(call: Call, type: string, validate: Validate): Resource {
  const { body } = call;
  if (body === undefined) throw new FhirError('required', `A ${type} is expected in the body`);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new FhirError('structure', 'The body must be one JSON object');
  }
  const { resourceType } = body as Partial<Resource>;
  if (typeof resourceType !== 'string') {
    throw new FhirError('structure', 'The body has no resourceType', { expression: 'resourceType' });
  }
  if (resourceType !== type) {
    throw new FhirError('invalid', `A ${type} is expected here, the body is a ${resourceType}`, {
      expression: 'resourceType',
    });
  }
  refuseIssues(validate(body, { type }));
  return body as Resource;
}

/** Throws where a finding is an error. Structural errors answer 400; if only invariants and rules are broken, 422. */
export function refuseIssues(issues: readonly Issue[]): void {
  const errors = issues.filter(({ severity }) => severity === 'error' || severity === 'fatal');
  if (errors.length === 0) return;
  const kinds = errors.map(({ code }) => (Object.hasOwn(errorKinds, code) ? (code as ErrorKind) : 'invalid'));
  const kind = kinds.find((each) => errorKinds[each].status === 400) ?? kinds[0] ?? 'invalid';
  throw new FhirError(kind, `${errors.length} problem(s) in the resource`, { issues });
}

/** The resource as it is stored: `id` first after the type, without what the server alone decides. Decimals keep their text. */
export function withId(resource: Resource, id: string | undefined): Resource {
  const { resourceType, id: _, meta, ...rest } = resource;
  const { versionId: _version, lastUpdated: _time, ...keptMeta } = meta ?? {};
  return {
    resourceType,
    ...(id === undefined ? {} : { id }),
    ...(meta === undefined ? {} : { meta: keptMeta }),
    ...rest,
  };
}
