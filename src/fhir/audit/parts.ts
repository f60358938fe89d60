// A record that names several patients is several AuditEvents, one for each, as IHE BALP wants it: patients may see who looked at their own
// record, and must not learn of each other there. What belongs to none of them alone is an event without a patient.
import type { AuditRecord } from './record.ts';

export interface Part {
  /** 0: the record itself, or what is left of it */
  part: number;
  record: AuditRecord;
}

export function partsOf(record: AuditRecord): readonly Part[] {
  const { patients = [], url, wrote, about, ...common } = record;
  if (patients.length < 2) return [{ part: 0, record }];
  const rest = [url, about, ...(wrote ?? [])].filter((text) => text !== undefined);
  const named = url === undefined ? 0 : patients.filter((id) => url.includes(id)).length;
  const parts = patients.map((id, index) => {
    const isSafe = url !== undefined && (named === 0 || (named === 1 && url.includes(id)));
    return { part: index + 1, record: { ...common, patients: [id], ...(isSafe && { url }) } };
  });
  const isTold =
    rest.length === 0 || (wrote === undefined && about === undefined && parts.some((one) => 'url' in one.record));
  return isTold
    ? parts
    : [
        {
          part: 0,
          record: { ...common, ...(url !== undefined && { url }), ...(wrote && { wrote }), ...(about && { about }) },
        },
        ...parts,
      ];
}
