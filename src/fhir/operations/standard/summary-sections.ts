// The sections of the International Patient Summary: what is in each, and what stands there where nothing is recorded.
// https://hl7.org/fhir/uv/ips/StructureDefinition-Composition-uv-ips.html

export interface Section {
  title: string;
  /** LOINC */
  code: string;
  display: string;
  /** searches among what is about the patient: type and criteria */
  sources: readonly Source[];
  /** the section is always there; this is what it says where nothing is recorded */
  unknown?: string;
}

export interface Source {
  type: string;
  query: readonly (readonly [name: string, value: string])[];
  /** only the newest of each code */
  isLast?: true;
}

const RIGHT: [string, string] = ['verification-status:not', 'refuted,entered-in-error'];
const OF_OBSERVATION: [string, string] = ['status', 'final,amended,corrected,preliminary'];
const PREGNANCY = [
  '82810-3',
  '11778-8',
  '11779-6',
  '11780-4',
  '11636-8',
  '11637-6',
  '11638-4',
  '11639-2',
  '11640-0',
  '11612-9',
  '11613-7',
  '11614-5',
  '33065-4',
];
const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';
const ofCategory = (code: string): Source => ({
  type: 'Observation',
  query: [['category', `${CATEGORY}|${code}`], OF_OBSERVATION],
  isLast: true,
});

export const sections: readonly Section[] = [
  {
    title: 'Active Problems',
    code: '11450-4',
    display: 'Problem list - Reported',
    sources: [{ type: 'Condition', query: [['clinical-status:not', 'inactive,remission,resolved'], RIGHT] }],
    unknown: 'No information about problems',
  },
  {
    title: 'Allergies and Intolerances',
    code: '48765-2',
    display: 'Allergies and adverse reactions Document',
    sources: [{ type: 'AllergyIntolerance', query: [['clinical-status:not', 'inactive,resolved'], RIGHT] }],
    unknown: 'No information about allergies',
  },
  {
    title: 'Medication Summary',
    code: '10160-0',
    display: 'History of Medication use Narrative',
    sources: [
      { type: 'MedicationStatement', query: [['status', 'active,intended,on-hold,unknown']] },
      {
        type: 'MedicationRequest',
        query: [
          ['status', 'active,on-hold,unknown'],
          ['intent', 'plan,order,original-order,reflex-order,filler-order,instance-order'],
        ],
      },
    ],
    unknown: 'No information about medications',
  },
  {
    title: 'Immunizations',
    code: '11369-6',
    display: 'History of Immunization note',
    sources: [{ type: 'Immunization', query: [['status', 'completed']] }],
  },
  {
    title: 'Results',
    code: '30954-2',
    display: 'Relevant diagnostic tests/laboratory data note',
    sources: [
      ofCategory('laboratory'),
      ofCategory('imaging'),
      {
        type: 'DiagnosticReport',
        query: [
          ['category', 'LAB,RAD,PAT,MB,HM,CH,SP,CT,NMR,RUS,NMS'],
          ['status', 'final,amended,corrected,appended,preliminary'],
        ],
        isLast: true,
      },
    ],
  },
  {
    title: 'History of Procedures',
    code: '47519-4',
    display: 'History of Procedures Document',
    sources: [{ type: 'Procedure', query: [['status', 'completed,in-progress']] }],
  },
  {
    title: 'Medical Devices',
    code: '46264-8',
    display: 'History of medical device use',
    sources: [{ type: 'DeviceUseStatement', query: [] }],
  },
  {
    title: 'Vital Signs',
    code: '8716-3',
    display: 'Vital signs note',
    sources: [ofCategory('vital-signs')],
  },
  {
    title: 'Social History',
    code: '29762-2',
    display: 'Social history note',
    sources: [ofCategory('social-history')],
  },
  {
    title: 'History of Pregnancy',
    code: '10162-6',
    display: 'History of pregnancies Narrative',
    sources: [
      {
        type: 'Observation',
        query: [['code', PREGNANCY.map((code) => `http://loinc.org|${code}`).join(',')], OF_OBSERVATION],
      },
    ],
  },
  {
    title: 'Plan of Care',
    code: '18776-5',
    display: 'Plan of care note',
    sources: [
      { type: 'CarePlan', query: [['status', 'active']] },
      { type: 'ImmunizationRecommendation', query: [] },
    ],
  },
  {
    title: 'Functional Status',
    code: '47420-5',
    display: 'Functional status assessment note',
    sources: [{ type: 'Condition', query: [['category', 'disability,functional-status'], RIGHT] }],
  },
  {
    title: 'History of Past Problems',
    code: '11348-0',
    display: 'History of Past illness note',
    sources: [{ type: 'Condition', query: [['clinical-status', 'inactive,remission,resolved'], RIGHT] }],
  },
  {
    title: 'Advance Directives',
    code: '42348-3',
    display: 'Advance healthcare directives',
    sources: [
      {
        type: 'Consent',
        query: [
          ['scope', 'adr'],
          ['status', 'active'],
        ],
      },
    ],
  },
  {
    title: 'Alerts',
    code: '104605-1',
    display: 'Alert',
    sources: [{ type: 'Flag', query: [] }],
  },
];
