// One sound resource of each type that the tables break, named by its type (and what it is for, where a type has several).
import type { Json } from './row.ts';
import { soundForPosted } from './sound-for-posted.ts';
import { soundUsCore } from './sound-us-core.ts';

const hl7 = (system: string): string => `http://terminology.hl7.org/CodeSystem/${system}`;
const concept = (system: string, code: string): Json => ({ coding: [{ system, code }] });
const ref = (reference: string): Json => ({ reference });
const text = (of: string): Json => ({ text: of });
const ucum = 'http://unitsofmeasure.org';
const grams = (value: number): Json => ({ value, unit: 'g', system: ucum, code: 'g' });
const narrative = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">Sound.</div>' };
const uuid = (n: number): string => `urn:uuid:00000000-0000-4000-8000-00000000000${n}`;

/** resources of one type are told apart by what follows the type: `Bundle-document` */
const resources: Record<string, Json> = {
  ActivityDefinition: {
    status: 'draft',
    kind: 'Task',
    timingTiming: { repeat: { frequency: 1, period: 1, periodUnit: 'd' } },
  },
  AllergyIntolerance: {
    clinicalStatus: concept(hl7('allergyintolerance-clinical'), 'active'),
    verificationStatus: concept(hl7('allergyintolerance-verification'), 'confirmed'),
    code: text('Penicillin'),
    patient: ref('Patient/p1'),
    reaction: [{ manifestation: [text('Rash')], severity: 'mild' }],
  },
  Appointment: {
    status: 'booked',
    start: '2026-03-01T09:00:00Z',
    end: '2026-03-01T09:20:00Z',
    participant: [{ actor: ref('Patient/p1'), status: 'accepted' }],
  },
  AppointmentResponse: { appointment: ref('Appointment/a1'), actor: ref('Patient/p1'), participantStatus: 'accepted' },
  AuditEvent: {
    type: { system: hl7('audit-event-type'), code: 'rest' },
    recorded: '2026-03-01T09:00:00Z',
    agent: [{ requestor: true, who: ref('Practitioner/d1') }],
    source: { observer: ref('Device/d1') },
    entity: [{ what: ref('Patient/p1'), name: 'the record' }],
  },
  Bundle: { type: 'collection', entry: [{ fullUrl: uuid(1), resource: { resourceType: 'Patient', active: true } }] },
  'Bundle-batch-response': { type: 'batch-response', entry: [{ response: { status: '204' } }] },
  'Bundle-document': {
    type: 'document',
    identifier: { system: 'urn:ietf:rfc:3986', value: uuid(9) },
    timestamp: '2026-03-01T09:00:00Z',
    entry: [
      {
        fullUrl: uuid(1),
        resource: {
          resourceType: 'Composition',
          status: 'final',
          type: text('Letter'),
          subject: ref(uuid(2)),
          date: '2026-03-01',
          author: [ref(uuid(3))],
          title: 'Letter',
          section: [{ title: 'Findings', text: narrative }],
        },
      },
      { fullUrl: uuid(2), resource: { resourceType: 'Patient', gender: 'female' } },
      { fullUrl: uuid(3), resource: { resourceType: 'Practitioner', active: true } },
    ],
  },
  'Bundle-history': {
    type: 'history',
    total: 1,
    entry: [
      {
        fullUrl: 'http://example.org/fhir/Patient/p1',
        resource: { resourceType: 'Patient', id: 'p1', active: true },
        request: { method: 'PUT', url: 'Patient/p1' },
        response: { status: '200' },
      },
    ],
  },
  'Bundle-message': {
    type: 'message',
    timestamp: '2026-03-01T09:00:00Z',
    entry: [
      {
        fullUrl: uuid(1),
        resource: {
          resourceType: 'MessageHeader',
          eventUri: 'http://example.org/event',
          source: { endpoint: 'http://example.org/source' },
          focus: [ref(uuid(2))],
        },
      },
      { fullUrl: uuid(2), resource: { resourceType: 'Patient', active: true } },
    ],
  },
  'Bundle-searchset': {
    type: 'searchset',
    total: 1,
    entry: [
      {
        fullUrl: 'http://example.org/fhir/Patient/p1',
        resource: { resourceType: 'Patient', id: 'p1', active: true },
        search: { mode: 'match' },
      },
    ],
  },
  'Bundle-transaction': {
    type: 'transaction',
    entry: [
      {
        fullUrl: uuid(1),
        resource: { resourceType: 'Patient', active: true },
        request: { method: 'POST', url: 'Patient' },
      },
      {
        fullUrl: uuid(2),
        resource: { resourceType: 'Condition', subject: ref(uuid(1)) },
        request: { method: 'POST', url: 'Condition' },
      },
    ],
  },
  CapabilityStatement: {
    status: 'active',
    date: '2026-03-01',
    kind: 'instance',
    software: { name: 'Wardgate' },
    implementation: { description: 'here' },
    fhirVersion: '4.0.1',
    format: ['json'],
    rest: [{ mode: 'server', resource: [{ type: 'Patient', searchParam: [{ name: 'name', type: 'string' }] }] }],
    document: [{ mode: 'producer', profile: 'http://example.org/StructureDefinition/letter' }],
  },
  CarePlan: {
    status: 'active',
    intent: 'plan',
    subject: ref('Patient/p1'),
    activity: [{ detail: { status: 'in-progress', description: 'Walk daily' } }],
  },
  CareTeam: {
    contained: [
      { resourceType: 'Practitioner', id: 'doctor', active: true },
      { resourceType: 'Patient', id: 'patient', active: true },
    ],
    subject: ref('#patient'),
    participant: [{ member: ref('#doctor'), onBehalfOf: ref('Organization/o1') }, { member: ref('#doctor') }],
  },
  CodeSystem: {
    status: 'draft',
    content: 'complete',
    concept: [{ code: 'a', concept: [{ code: 'b' }] }, { code: 'c' }],
  },
  Composition: {
    status: 'final',
    type: text('Letter'),
    date: '2026-03-01',
    author: [ref('Practitioner/d1')],
    title: 'Letter',
    section: [{ title: 'Findings', text: narrative }],
  },
  ConceptMap: {
    status: 'draft',
    group: [
      {
        source: 'http://example.org/a',
        target: 'http://example.org/b',
        element: [{ code: 'x', target: [{ code: 'y', equivalence: 'equivalent' }] }],
        unmapped: { mode: 'fixed', code: 'z' },
      },
    ],
  },
  Condition: {
    clinicalStatus: concept(hl7('condition-clinical'), 'resolved'),
    verificationStatus: concept(hl7('condition-ver-status'), 'confirmed'),
    code: text('Asthma'),
    subject: ref('Patient/p1'),
    onsetAge: { value: 40, unit: 'years', system: ucum, code: 'a' },
    abatementPeriod: { start: '2025-01', end: '2026-01' },
    stage: [{ summary: text('1') }],
    evidence: [{ code: [text('Wheezing')] }],
  },
  Consent: {
    status: 'active',
    scope: concept(hl7('consentscope'), 'patient-privacy'),
    category: [text('Privacy')],
    patient: ref('Patient/p1'),
    policyRule: text('Law'),
  },
  Coverage: { status: 'active', beneficiary: ref('Patient/p1'), payor: [ref('Organization/o1')] },
  CoverageEligibilityResponse: {
    status: 'active',
    purpose: ['benefits'],
    patient: ref('Patient/p1'),
    created: '2026-03-01',
    request: ref('CoverageEligibilityRequest/r1'),
    outcome: 'complete',
    insurer: ref('Organization/o1'),
    insurance: [{ coverage: ref('Coverage/c1'), item: [{ category: text('Dental') }] }],
  },
  Device: { deviceName: [{ name: 'Pump', type: 'user-friendly-name' }], patient: ref('Patient/p1') },
  DiagnosticReport: { status: 'final', code: text('Blood count'), subject: ref('Patient/p1') },
  DocumentReference: {
    status: 'current',
    content: [{ attachment: { contentType: 'text/plain', data: 'aGVsbG8=' } }],
  },
  Encounter: {
    status: 'finished',
    class: { system: hl7('v3-ActCode'), code: 'AMB' },
    subject: ref('Patient/p1'),
    period: { start: '2026-03-01T09:00:00Z', end: '2026-03-01T10:00:00Z' },
    length: { value: 60, unit: 'min', system: ucum, code: 'min' },
  },
  FamilyMemberHistory: {
    status: 'completed',
    patient: ref('Patient/p1'),
    relationship: concept(hl7('v3-RoleCode'), 'FTH'),
    ageAge: { value: 60, unit: 'years', system: ucum, code: 'a' },
    estimatedAge: true,
  },
  Goal: {
    lifecycleStatus: 'active',
    description: text('Lose weight'),
    subject: ref('Patient/p1'),
    target: [{ measure: text('Weight'), detailRange: { low: grams(1), high: grams(2) } }],
  },
  Group: { type: 'person', actual: true, member: [{ entity: ref('Patient/p1') }] },
  Immunization: {
    status: 'completed',
    vaccineCode: text('Influenza'),
    patient: ref('Patient/p1'),
    occurrenceDateTime: '2026-03-01',
    education: [{ documentType: 'leaflet' }],
  },
  ImmunizationRecommendation: {
    patient: ref('Patient/p1'),
    date: '2026-03-01',
    recommendation: [
      { vaccineCode: [text('Influenza')], forecastStatus: concept(hl7('immunization-recommendation-status'), 'due') },
    ],
  },
  ImplementationGuide: {
    url: 'http://example.org/ImplementationGuide/ig',
    name: 'Guide',
    status: 'draft',
    packageId: 'org.example.guide',
    fhirVersion: ['4.0.1'],
    definition: {
      grouping: [{ id: 'one', name: 'One' }],
      resource: [{ reference: ref('Patient/p1'), groupingId: 'one', fhirVersion: ['4.0.1'] }],
    },
  },
  InsurancePlan: { name: 'Basic' },
  Library: {
    status: 'draft',
    type: concept(hl7('library-type'), 'logic-library'),
    dataRequirement: [{ type: 'Observation', codeFilter: [{ path: 'code' }], dateFilter: [{ path: 'effective' }] }],
  },
  Linkage: {
    item: [
      { type: 'source', resource: ref('Patient/p1') },
      { type: 'alternate', resource: ref('Patient/p2') },
    ],
  },
  List: {
    status: 'current',
    mode: 'working',
    entry: [{ date: '2026-03-01', item: ref('Condition/c1') }],
  },
  'List-changes': { status: 'current', mode: 'changes', entry: [{ deleted: true, item: ref('Condition/c1') }] },
  Location: { status: 'active', name: 'Ward', mode: 'instance', position: { longitude: 13.4, latitude: 52.5 } },
  Measure: {
    status: 'draft',
    group: [
      {
        population: [{ criteria: { language: 'text/fhirpath', expression: 'true' } }],
        stratifier: [{ criteria: { language: 'text/fhirpath', expression: 'true' } }],
      },
    ],
  },
  MeasureReport: {
    status: 'complete',
    type: 'summary',
    measure: 'http://example.org/Measure/m',
    period: { start: '2025', end: '2026' },
    group: [{ stratifier: [{ stratum: [{ value: text('female') }] }] }],
  },
  Medication: {
    code: text('Aspirin'),
    ingredient: [{ itemReference: ref('Substance/s1'), strength: { numerator: grams(1), denominator: grams(2) } }],
  },
  MedicationAdministration: {
    status: 'completed',
    medicationCodeableConcept: text('Aspirin'),
    subject: ref('Patient/p1'),
    effectiveDateTime: '2026-03-01',
    dosage: { text: 'once', dose: grams(1) },
  },
  MedicationDispense: {
    status: 'completed',
    medicationCodeableConcept: text('Aspirin'),
    whenPrepared: '2026-03-01T09:00:00Z',
    whenHandedOver: '2026-03-01T10:00:00Z',
  },
  MedicationRequest: {
    status: 'active',
    intent: 'order',
    medicationCodeableConcept: text('Aspirin'),
    subject: ref('Patient/p1'),
    dosageInstruction: [{ timing: { repeat: { frequency: 1, period: 1, periodUnit: 'd', timeOfDay: ['08:00:00'] } } }],
    dispenseRequest: { validityPeriod: { start: '2026-03-01', end: '2026-04-01' }, numberOfRepeatsAllowed: 1 },
  },
  MessageDefinition: {
    status: 'draft',
    date: '2026-03-01',
    eventUri: 'http://example.org/event',
    focus: [{ code: 'Patient', min: 1, max: '1' }],
  },
  MolecularSequence: {
    type: 'dna',
    coordinateSystem: 0,
    referenceSeq: { genomeBuild: 'GRCh38', chromosome: text('1') },
  },
  NamingSystem: {
    name: 'Record numbers',
    status: 'active',
    kind: 'identifier',
    date: '2026-03-01',
    uniqueId: [
      { type: 'uri', value: 'http://example.org/mrn', preferred: true },
      { type: 'uuid', value: '00000000-0000-4000-8000-000000000001', preferred: true },
    ],
  },
  Observation: {
    status: 'final',
    category: [concept(hl7('observation-category'), 'laboratory')],
    code: { ...concept('http://example.org/code', 'glucose'), text: 'Glucose' },
    subject: ref('Patient/p1'),
    effectiveDateTime: '2026-03-01T09:00:00Z',
    valueQuantity: grams(1.5),
    referenceRange: [{ low: grams(1), high: grams(2) }],
    component: [{ code: concept('http://example.org/code', 'method'), valueString: 'strip' }],
  },
  OperationDefinition: {
    name: 'Match',
    status: 'draft',
    kind: 'operation',
    code: 'match',
    system: false,
    type: true,
    instance: false,
    resource: ['Patient'],
    parameter: [
      { name: 'text', use: 'in', min: 0, max: '1', type: 'string', searchType: 'string' },
      {
        name: 'about',
        use: 'in',
        min: 0,
        max: '1',
        type: 'Reference',
        targetProfile: ['http://hl7.org/fhir/StructureDefinition/Patient'],
      },
      { name: 'other', use: 'in', min: 0, max: '1', part: [{ name: 'x', use: 'in', min: 0, max: '1', type: 'code' }] },
    ],
  },
  Organization: {
    active: true,
    name: 'Clinic',
    telecom: [{ system: 'phone', value: '1', use: 'work' }],
    address: [{ city: 'Berlin', use: 'work' }],
  },
  Parameters: { parameter: [{ name: 'one', valueString: 'x' }] },
  Patient: {
    active: true,
    identifier: [{ system: 'http://example.org/mrn', value: '1' }],
    name: [{ family: 'Chalmers', given: ['Peter'], period: { start: '2001', end: '2005' } }],
    telecom: [{ system: 'phone', value: '1' }],
    gender: 'male',
    birthDate: '1974-12-25',
    photo: [{ contentType: 'image/png', data: 'aGVsbG8=' }],
    contact: [{ name: { family: 'Chalmers' } }],
    communication: [{ language: concept('urn:ietf:bcp:47', 'en') }],
    managingOrganization: ref('Organization/o1'),
  },
  PlanDefinition: {
    status: 'draft',
    action: [
      {
        title: 'One',
        trigger: [{ type: 'data-added', data: [{ type: 'Observation' }] }],
        condition: [{ kind: 'start', expression: { language: 'text/fhirpath', expression: 'true' } }],
      },
    ],
  },
  Practitioner: { active: true, name: [{ family: 'Nightingale' }] },
  Procedure: { status: 'completed', code: text('Suture'), subject: ref('Patient/p1'), performedDateTime: '2026-03-01' },
  Provenance: {
    target: [ref('Patient/p1')],
    recorded: '2026-03-01T09:00:00Z',
    agent: [{ who: ref('Organization/o1') }],
  },
  Questionnaire: {
    status: 'draft',
    item: [
      { linkId: '1', type: 'group', item: [{ linkId: '1.1', type: 'display', text: 'Read this' }] },
      { linkId: '2', type: 'choice', answerOption: [{ valueString: 'yes' }] },
      {
        linkId: '3',
        type: 'string',
        maxLength: 10,
        enableWhen: [{ question: '2', operator: 'exists', answerBoolean: true }],
      },
      { linkId: '4', type: 'date' },
    ],
  },
  QuestionnaireResponse: {
    status: 'completed',
    item: [{ linkId: '1', answer: [{ valueString: 'x', item: [{ linkId: '1.1' }] }] }],
  },
  RelatedPerson: { patient: ref('Patient/p1'), name: [{ family: 'Chalmers' }] },
  RequestGroup: { status: 'draft', intent: 'plan', action: [{ resource: ref('Task/t1') }] },
  RiskAssessment: {
    status: 'final',
    subject: ref('Patient/p1'),
    prediction: [{ outcome: text('Stroke'), probabilityDecimal: 12.5 }],
  },
  Schedule: { actor: [ref('Practitioner/d1')], planningHorizon: { start: '2026', end: '2027' } },
  SearchParameter: {
    url: 'http://example.org/SearchParameter/x',
    name: 'X',
    status: 'draft',
    description: 'X',
    code: 'x',
    base: ['Observation'],
    type: 'reference',
    expression: 'Observation.subject',
    xpath: 'f:Observation/f:subject',
    xpathUsage: 'normal',
    target: ['Patient'],
    chain: ['name'],
  },
  ServiceRequest: {
    status: 'active',
    intent: 'order',
    code: text('X-ray'),
    orderDetail: [text('left')],
    subject: ref('Patient/p1'),
  },
  Slot: { schedule: ref('Schedule/s1'), status: 'free', start: '2026-03-01T09:00:00Z', end: '2026-03-01T09:20:00Z' },
  StructureDefinition: {
    url: 'http://example.org/StructureDefinition/sound',
    name: 'Sound',
    status: 'draft',
    fhirVersion: '4.0.1',
    mapping: [{ identity: 'x', name: 'X' }],
    kind: 'resource',
    abstract: false,
    type: 'Patient',
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
    derivation: 'constraint',
    differential: {
      element: [
        { id: 'Patient', path: 'Patient' },
        { id: 'Patient.name', path: 'Patient.name', min: 1, max: '3' },
      ],
    },
  },
  StructureMap: {
    url: 'http://example.org/StructureMap/sound',
    name: 'Sound',
    status: 'draft',
    group: [
      {
        name: 'main',
        typeMode: 'none',
        input: [
          { name: 'src', mode: 'source' },
          { name: 'tgt', mode: 'target' },
        ],
        rule: [
          {
            name: 'r',
            source: [{ context: 'src' }],
            target: [{ context: 'tgt', contextType: 'variable', element: 'name' }],
          },
        ],
      },
    ],
  },
  Substance: {
    code: text('Salt'),
    ingredient: [
      { quantity: { numerator: grams(1), denominator: grams(2) }, substanceCodeableConcept: text('Sodium') },
    ],
  },
  Task: {
    status: 'requested',
    intent: 'order',
    input: [{ type: text('x'), valueString: 'y' }],
    for: ref('Patient/p1'),
  },
  TerminologyCapabilities: {
    status: 'draft',
    date: '2026-03-01',
    kind: 'instance',
    software: { name: 'Wardgate' },
    implementation: { description: 'here' },
    codeSystem: [{ uri: 'http://example.org/cs', version: [{ code: '1' }, { code: '2' }] }],
  },
  TestReport: {
    status: 'completed',
    testScript: ref('TestScript/t1'),
    result: 'pass',
    setup: { action: [{ operation: { result: 'pass' } }] },
    test: [{ action: [{ assert: { result: 'pass' } }] }],
  },
  TestScript: {
    url: 'http://example.org/TestScript/sound',
    name: 'Sound',
    status: 'draft',
    metadata: {
      capability: [{ required: true, validated: false, capabilities: 'http://example.org/CapabilityStatement/c' }],
    },
    variable: [{ name: 'v', path: '.x' }],
    setup: { action: [{ operation: { encodeRequestUrl: true, url: 'Patient/1' } }] },
    test: [
      {
        action: [
          { operation: { encodeRequestUrl: true, url: 'Patient/1' } },
          { assert: { direction: 'response', response: 'okay', warningOnly: false } },
        ],
      },
    ],
    teardown: { action: [{ operation: { encodeRequestUrl: true, url: 'Patient/1' } }] },
  },
  'ValueSet-normative': {
    extension: [
      { url: 'http://hl7.org/fhir/StructureDefinition/structuredefinition-normative-version', valueCode: '4.0.0' },
    ],
    status: 'draft',
  },
  ValueSet: {
    status: 'draft',
    compose: {
      include: [
        { system: 'http://hl7.org/fhir/administrative-gender', concept: [{ code: 'male' }] },
        { valueSet: ['http://hl7.org/fhir/ValueSet/name-use'] },
      ],
    },
    expansion: {
      timestamp: '2026-03-01',
      contains: [{ system: 'http://hl7.org/fhir/administrative-gender', code: 'male', display: 'Male' }],
    },
  },
};

export const sound: Readonly<Record<string, Json>> = {
  ...Object.fromEntries(
    Object.entries(resources).map(([name, resource]) => [name, { resourceType: name.split('-')[0], ...resource }]),
  ),
  ...soundForPosted,
  ...soundUsCore,
};
