// POST [base]/$change-access-policy: another policy for a role, at run time. docs/access.md
import type { ChangeAccessPolicyInput, ChangeAccessPolicyOutput } from '../../../generated/operation-io.ts';
import { FhirError } from '../../model/errors.ts';
import { defineOperation } from '../../operations/operation.ts';
import type { Policies } from './policies.ts';

export default defineOperation<ChangeAccessPolicyInput, ChangeAccessPolicyOutput>({
  definition: 'change-access-policy',
  needs: ['*.u'],
  async run({ policy: text, ifVersion, releaseSeen: isReleaseSeen }, { parts, call }) {
    let written: unknown;
    try {
      written = JSON.parse(text);
    } catch (error) {
      const { message } = error as Error;
      throw new FhirError('structure', `The policy is not JSON: ${message}${lineOf(message, text)}`, {
        expression: 'policy',
      });
    }
    const by = call.caller === undefined ? 'nobody signed in' : call.caller.id;
    const { role, version } = await (parts.policies as Policies).change(written, by, { ifVersion, isReleaseSeen });
    call.about?.({ kind: 'policy', id: role, detail: { version: String(version) } });
    return { role, version };
  },
});

/** Older engines count characters only, which nobody can. */
function lineOf(message: string, text: string): string {
  const position = /at position (\d+)$/.exec(message)?.[1];
  return position === undefined ? '' : `, line ${text.slice(0, Number(position)).split('\n').length}`;
}
