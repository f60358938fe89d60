// Organization/[id]/$adopt: what belongs to no organisation becomes this one's. docs/adr/0019
import type { OrganizationAdoptInput, OrganizationAdoptOutput } from '../../../generated/operation-io.ts';
import { FhirError, gone, notFound } from '../../model/errors.ts';
import { parseJson } from '../../model/json.ts';
import type { Resource } from '../../model/resource.ts';
import { defineOperation, type OperationContext } from '../../operations/operation.ts';
import { hasTokenOf } from '../../search/index.ts';
import { everyMatch } from '../../storage/every-match.ts';
import type { Match } from '../../storage/store.ts';
import { OWNER_SYSTEM, withOwners } from './owners.ts';
import type { Policies } from './policies.ts';

const AT_ONCE = 200;

export default defineOperation<OrganizationAdoptInput, OrganizationAdoptOutput>({
  definition: 'Organization-adopt',
  needs: ['*.u', 'Organization.r'],
  async: 'allowed',
  async run({ type: asked }, context) {
    const { target, store, progress, signal } = context;
    const id = target.id!;
    const organization = await store.read('Organization', id);
    if (organization === undefined) throw notFound('Organization', id);
    if (organization.bytes === null) throw gone('Organization', id, organization.version);
    const where = { op: 'not', of: hasTokenOf('_security', OWNER_SYSTEM) } as const;
    let adopted = 0;
    let skipped = 0;
    for (const type of typesOf(asked, context)) {
      await progress(`${type}, ${adopted} adopted`);
      let some: Match[] = [];
      const adoptSome = async (): Promise<void> => {
        const done = await Promise.all(some.map((match) => adopt(match, id, context)));
        adopted += done.filter(Boolean).length;
        skipped += done.filter((is) => !is).length;
        some = [];
      };
      const sort = [{ by: 'id', descending: false }] as const;
      for await (const match of everyMatch(store, { type, where, sort, atOnce: AT_ONCE })) {
        if (signal.aborted) break;
        some.push(match);
        if (some.length === AT_ONCE) await adoptSome();
      }
      await adoptSome();
    }
    return { adopted, skipped };
  },
});

function typesOf(asked: readonly string[] | undefined, { engine, parts }: OperationContext): readonly string[] {
  const { resourceTypes } = engine.definitions;
  const { sharingOf } = (parts.policies as Policies).ownership;
  if (asked === undefined || asked.length === 0) return resourceTypes.filter((type) => sharingOf(type) === 'owned');
  for (const [index, type] of asked.entries()) {
    const expression = `Parameters.parameter.where(name = 'type')[${index}].value`;
    if (!resourceTypes.includes(type))
      throw new FhirError('code-invalid', `There is no type '${type}'`, { expression });
    if (sharingOf(type) === 'shared')
      throw new FhirError('value', `${type} is everybody's, it has no owner`, { expression });
  }
  return asked;
}

/** false where somebody else changed it at the same moment */
async function adopt(
  { type, id, version, bytes }: Match,
  organization: string,
  { store }: OperationContext,
): Promise<boolean> {
  const resource = withOwners(parseJson(bytes) as Resource, [organization]);
  try {
    await store.write({ kind: 'update', type, id, resource, ifVersion: version, method: 'PATCH' });
    return true;
  } catch (error) {
    if (error instanceof FhirError && error.kind === 'precondition') return false;
    throw error;
  }
}
