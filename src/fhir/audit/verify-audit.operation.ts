// GET [base]/$verify-audit: whether the audit log is as it was written. docs/audit.md
import type { VerifyAuditInput, VerifyAuditOutput } from '../../generated/operation-io.ts';
import { FhirError } from '../model/errors.ts';
import { defineOperation } from '../operations/operation.ts';
import type { Audit } from './index.ts';

export default defineOperation<VerifyAuditInput, VerifyAuditOutput>({
  definition: 'verify-audit',
  needs: ['AuditEvent.rs'],
  async: 'allowed',
  async run(_, { parts, progress }) {
    const audit = parts.audit as Audit | undefined;
    if (audit === undefined) throw new FhirError('not-configured', 'Nothing is on record here: AUTH is off');
    const { chains, defects } = await audit.verify((checked, all) => progress(`${checked} of ${all} chains`));
    const time = (ms: number | undefined): string | undefined =>
      ms === undefined ? undefined : new Date(ms).toISOString();
    return {
      whole: defects.length === 0,
      records: chains.reduce((sum, { first, last }) => sum + (last === 0 ? 0 : last - first + 1), 0),
      chain: chains.map(({ chain, first, last, since, until }) => ({
        id: chain,
        first,
        last,
        ...(since !== undefined && { since: time(since)! }),
        ...(until !== undefined && { until: time(until)! }),
      })),
      defect: defects.map(({ chain, from, to, what }) => ({ chain, from, ...(to !== undefined && { to }), what })),
    };
  },
});
