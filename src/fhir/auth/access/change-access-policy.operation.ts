// POST [base]/$change-access-policy: another policy for a role, at run time. docs/access.md
import type { ChangeAccessPolicyInput, ChangeAccessPolicyOutput } from '../../../generated/operation-io.ts';
import { FhirError } from '../../model/errors.ts';
import { defineOperation } from '../../operations/operation.ts';
import type { Policies } from './policies.ts';

export default defineOperation<ChangeAccessPolicyInput, ChangeAccessPolicyOutput>({
  definition: 'change-access-policy',
  needs: ['*.u'],
  async run({ policy: text, ifVersion }, { parts, call }) {
    let written: unknown;
    try {
      written = JSON.parse(text);
    } catch (error) {
      throw new FhirError('structure', `The policy is not JSON: ${(error as Error).message}`, { expression: 'policy' });
    }
    const by = call.caller === undefined ? 'nobody signed in' : call.caller.id;
    const { role, version } = await (parts.policies as Policies).change(written, by, ifVersion);
    return { role, version };
  },
});
