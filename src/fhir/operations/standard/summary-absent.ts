// What the profiles of the International Patient Summary require and the record does not tell: the document says that it is unknown.
// https://hl7.org/fhir/uv/ips/Empty-Sections-and-Missing-Data.html
import type { Resource } from '../../model/resource.ts';

export const UNKNOWN = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
} as const;

/** `Observation.dataAbsentReason` */
const UNKNOWN_RESULT = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/data-absent-reason', code: 'unknown', display: 'Unknown' }],
};

/** what stands in the document where an element, or all types of a choice, are missing */
const REQUIRED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  Patient: { name: [{ _text: UNKNOWN }], _birthDate: UNKNOWN },
  Condition: { code: UNKNOWN },
  AllergyIntolerance: { code: UNKNOWN },
  MedicationStatement: { _effectiveDateTime: UNKNOWN },
  Procedure: { code: UNKNOWN, _performedDateTime: UNKNOWN },
  DeviceUseStatement: { _timingDateTime: UNKNOWN },
  DiagnosticReport: { _effectiveDateTime: UNKNOWN },
  Medication: { code: UNKNOWN },
  Practitioner: { name: [{ _text: UNKNOWN }] },
  Organization: { _name: UNKNOWN },
  Specimen: { type: UNKNOWN },
  Observation: { _effectiveDateTime: UNKNOWN },
};
const OF_RESULTS = { ...REQUIRED.Observation, performer: [UNKNOWN] };

/** The resource as the document holds it. */
export function completed(resource: Resource): Resource {
  const isOfResults = resource.resourceType === 'Observation' && isResult(resource);
  const required = isOfResults ? OF_RESULTS : (REQUIRED[resource.resourceType] ?? {});
  const missing = Object.entries(required).filter(([property]) => !has(resource, stemOf(property)));
  const whole: Resource = { ...resource, ...Object.fromEntries(missing) };
  if (isOfResults) return withReason(whole) as Resource;
  return whole.resourceType === 'Patient' ? withNames(whole) : whole;
}

const stemOf = (property: string): string => property.replace(/^_/, '').replace(/DateTime$/, '');

const has = (node: Readonly<Record<string, unknown>>, stem: string): boolean =>
  Object.keys(node).some((key) => key.startsWith(stem) || key.startsWith(`_${stem}`));

const isResult = ({ category }: Resource): boolean =>
  ((category ?? []) as { coding?: { code?: string }[] }[]).some(({ coding = [] }) =>
    coding.some(({ code }) => code === 'laboratory' || code === 'imaging'),
  );

/** ips-2 and ips-3: a result, or why there is none */
function withReason(observation: Record<string, unknown>): Record<string, unknown> {
  const { component } = observation as { component?: Record<string, unknown>[] };
  const isTold = ['value', 'dataAbsentReason', 'hasMember', 'component'].some((stem) => has(observation, stem));
  return {
    ...observation,
    ...(!isTold && { dataAbsentReason: UNKNOWN_RESULT }),
    ...(component !== undefined && { component: component.map(withReason) }),
  };
}

/** ips-pat-1: each name has a part that names */
function withNames(patient: Resource): Resource {
  const names = patient.name as Record<string, unknown>[];
  const isNaming = (name: Record<string, unknown>) => ['family', 'given', 'text'].some((stem) => has(name, stem));
  return { ...patient, name: names.map((name) => (isNaming(name) ? name : { ...name, _text: UNKNOWN })) };
}
