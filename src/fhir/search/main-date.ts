// Each type's main date: what `_sort=date` goes by, and the order that comes free with every token, reference and patient search.
import type { Parameter } from './search-type.ts';

/** Where `date` is missing or means something else, the first of these; clinical time before administrative time. */
const CANDIDATES = [
  'date',
  'period',
  'effective',
  'effective-time',
  'onset-date',
  'occurrence',
  'collected',
  'start',
  'start-date',
  'started',
  'authored',
  'authored-on',
  'authoredon',
  'recorded',
  'recorded-date',
  'sent',
  'whenhandedover',
  'created',
  'issued',
  'birthdate',
];

/** Requests: when they were written, not when to act on them (`date` of a MedicationRequest is when to take it). */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  MedicationRequest: 'authoredon',
  ServiceRequest: 'authored',
  Task: 'authored-on',
};

/** The stored parameter's code. */
export function mainDateOf(type: string, byCode: ReadonlyMap<string, Parameter>): string | undefined {
  for (const code of [EXCEPTIONS[type], ...CANDIDATES]) {
    const parameter = code === undefined ? undefined : byCode.get(code);
    if (parameter?.definition.type === 'date' && parameter.sources.length === 1) return parameter.sources[0]?.code;
  }
  return undefined;
}
