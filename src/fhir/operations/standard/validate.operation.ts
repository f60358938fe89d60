// $validate of a resource that is sent, or of a stored one. https://hl7.org/fhir/R4/resource-operation-validate.html
import type { ResourceValidateInput, ResourceValidateOutput } from '../../../generated/operation-io.ts';
import type { Engine } from '../../interactions/call.ts';
import { enforcedOn } from '../../interactions/profiles.ts';
import { refuseDeleteOfReferenced } from '../../interactions/references.ts';
import { FhirError, type Issue } from '../../model/errors.ts';
import { outcomeOf } from '../../model/outcome.ts';
import type { Resource } from '../../model/resource.ts';
import type { Store } from '../../storage/store.ts';
import type { CheckOptions } from '../../validation/profiles/validator.ts';
import { defineOperation, type OperationContext } from '../operation.ts';
import { contentOf, need } from './stored.ts';

export default defineOperation<ResourceValidateInput, ResourceValidateOutput>({
  definition: 'Resource-validate',
  needs: ['*.r'],
  takesBrokenResources: true,
  async run({ resource: sent, mode, profile }, context) {
    const { target, engine, store, call } = context;
    const { type, id } = target;
    refuseMode(mode, profile, id);
    if (mode === 'delete') return answer(await deleteIssues(context), `${type}/${id} may be deleted`);
    if (sent === undefined && id === undefined) throw new FhirError('required', 'A resource is expected in the body');
    const resource: unknown = sent ?? contentOf(await need(store, type!, id!));
    if (mode === 'update' && sent !== undefined) await need(store, type!, id!);
    if (profile !== undefined && !engine.validator.has(profile)) {
      throw new FhirError('not-supported', `The profile ${profile} is not known here`, { expression: 'profile' });
    }
    const issues = await engine.validator.validate(resource, {
      type: type!,
      profiles: [...(profile === undefined ? [] : [profile]), ...enforcedOn(engine, type!)],
      ...(engine.settings.checkReferences && { existing: existingIn(engine, store) }),
    });
    issues.unshift(...(call.bodyIssues ?? []));
    if (mode === 'update') issues.unshift(...wrongId(resource as Resource, id!));
    // what is broken is refused before anybody asks what it means
    if (mode !== 'profile' && isFine(issues)) issues.unshift(...(await foretold(resource as Resource, context)));
    return answer(issues, 'No problems were found');
  },
});

/** https://hl7.org/fhir/R4/valueset-resource-validation-mode.html */
const MODES = ['create', 'update', 'delete', 'profile'];

function refuseMode(mode: string | undefined, profile: string | undefined, id: string | undefined): void {
  if (mode !== undefined && !MODES.includes(mode)) {
    throw new FhirError('code-invalid', `mode is one of ${MODES.join(', ')}, not "${mode}"`, { expression: 'mode' });
  }
  if ((mode === 'update' || mode === 'delete') && id === undefined) {
    throw new FhirError('invalid', `mode=${mode} is asked of an instance: [type]/[id]/$validate`, {
      expression: 'mode',
    });
  }
  if (mode === 'profile' && profile === undefined) {
    throw new FhirError('required', 'mode=profile needs the parameter profile', { expression: 'profile' });
  }
}

async function deleteIssues({ engine, store, target }: OperationContext): Promise<Issue[]> {
  const { type, id } = target as { type: string; id: string };
  await need(store, type, id);
  try {
    await refuseDeleteOfReferenced(engine, store, { type, id });
    return [];
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return [...error.issues];
  }
}

async function foretold(resource: Resource, { store }: OperationContext): Promise<readonly Issue[]> {
  const { resourceType: type } = resource;
  const issues = (await store.foretell?.({ kind: 'create', type, resource })) ?? [];
  return [...issues.filter(isError), ...issues.filter((one) => !isError(one))];
}

function wrongId(resource: Resource, id: string): Issue[] {
  if (resource.id === id) return [];
  const diagnostics =
    resource.id === undefined
      ? `The resource must carry the id of the URL, "${id}"`
      : `The resource has the id "${resource.id}", the URL "${id}"`;
  return [{ severity: 'error', code: 'invalid', diagnostics, expression: `${resource.resourceType}.id` }];
}

const existingIn =
  ({ definitions }: Engine, store: Store): NonNullable<CheckOptions['existing']> =>
  async (references) => {
    const asked = references.filter(({ type }) => definitions.resourceTypes.includes(type));
    const versions = await store.readMany(asked);
    const present = new Set(asked.filter((_, index) => versions[index]?.bytes).map(({ type, id }) => `${type}/${id}`));
    return references.map(({ type, id }) => present.has(`${type}/${id}`));
  };

const isError = ({ severity }: Issue): boolean => severity === 'error' || severity === 'fatal';

const isFine = (issues: readonly Issue[]): boolean => !issues.some(isError);

function answer(issues: readonly Issue[], done: string): ResourceValidateOutput {
  const all: Issue[] = isFine(issues)
    ? [
        ...issues,
        {
          severity: 'information',
          code: 'informational',
          diagnostics: issues.length === 0 ? done : `${done} that would make it invalid`,
        },
      ]
    : [...issues];
  return { return: outcomeOf(all) as ResourceValidateOutput['return'] };
}
