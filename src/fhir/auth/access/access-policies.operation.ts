// [base]/$access-policies: what each role may do. docs/access.md
import type { AccessPoliciesInput, AccessPoliciesOutput } from '../../../generated/operation-io.ts';
import { FhirError } from '../../model/errors.ts';
import { defineOperation } from '../../operations/operation.ts';
import type { Policies, PolicyEntry } from './policies.ts';
import type { ReleaseChanges } from './release-changes.ts';

export default defineOperation<AccessPoliciesInput, AccessPoliciesOutput>({
  definition: 'access-policies',
  needs: ['*.r'],
  async run({ role, history = false }, { parts }) {
    const policies = parts.policies as Policies;
    await policies.refresh();
    if (history && role === undefined) {
      throw new FhirError('required', 'history is told of one role: give role', { expression: 'role' });
    }
    const known = policies.all().filter((entry) => role === undefined || entry.role === role);
    if (known.length === 0) throw new FhirError('not-found', `There is no role '${role}'`, { expression: 'role' });
    const entries = history ? await policies.versionsOf(role!) : known;
    const inForce = new Set(known.map(({ version }) => version));
    return {
      entry: entries.map((entry) => ({
        ...shown(entry),
        ...(inForce.has(entry.version) && toldOf(policies.releaseChanges(entry.role))),
      })),
    };
  },
});

const shown = ({ role, version, written, policy, changedAt, changedBy }: PolicyEntry) => ({
  role,
  version,
  title: policy.title,
  description: policy.description,
  ...(changedAt !== undefined && { changedAt: new Date(changedAt).toISOString() }),
  ...(changedBy !== undefined && { changedBy }),
  policy: JSON.stringify(written),
});

const toldOf = (changes: ReleaseChanges | undefined) =>
  changes && {
    gained: [...changes.gained],
    lost: [...changes.lost],
    contested: [...changes.contested],
    ...(changes.merged && { merged: JSON.stringify(changes.merged) }),
  };
