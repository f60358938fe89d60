// SMART App Launch scopes for clinical data, v1 (`patient/Observation.read`) and v2 (`patient/Observation.rs?category=laboratory`).
// http://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
import type { Definitions } from '../../definitions/definitions.ts';
import type { Letter } from './policy.ts';

export interface ClinicalScope {
  /** as granted */
  text: string;
  context: 'patient' | 'user' | 'system';
  /** a resource type, or `*` */
  type: string;
  may: ReadonlySet<Exclude<Letter, 'h'>>;
  /** search parameters that a resource must meet, without the question mark */
  query?: string;
}

const VERSION_1: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' };
const SCOPE = /^(patient|user|system)\/(\*|[A-Z][A-Za-z]+)\.(read|write|\*|c?r?u?d?s?)(?:\?(.+))?$/;

/** undefined for what is no scope for clinical data (`openid`, `launch/patient`), or a wrong one: neither gives access to anything. */
export function readClinicalScope(text: string, definitions: Definitions): ClinicalScope | undefined {
  const [, context, type = '', letters = '', query] = SCOPE.exec(text) ?? [];
  if (context === undefined || letters === '') return undefined;
  const isVersion1 = letters in VERSION_1;
  if (isVersion1 && query !== undefined) return undefined;
  if (type !== '*' && !definitions.resourceTypes.includes(type)) return undefined;
  const may = new Set((isVersion1 ? VERSION_1[letters]! : letters) as Iterable<Exclude<Letter, 'h'>>);
  return {
    text,
    context: context as ClinicalScope['context'],
    type,
    may,
    ...(query !== undefined && { query }),
  };
}
