// The demo hospital itself: its places from site to bed, its doctors with their schedules, its stores.
import type { Bundle, Entry } from './cut.ts';

const SID = 'https://wardgate.dev/fhir/sid';
const PHYSICAL = 'http://terminology.hl7.org/CodeSystem/location-physical-type';
const BED_TYPE = 'https://wardgate.dev/fhir/CodeSystem/bed-type';
const BED = 'https://wardgate.dev/fhir/StructureDefinition/bed';
const STOCK_ITEM = 'https://wardgate.dev/fhir/StructureDefinition/stock-item';
const REORDER_LEVEL = 'https://wardgate.dev/fhir/StructureDefinition/stock-reorder-level';
const HOSPITAL = { reference: 'Organization/demo-hospital', display: 'Wardgate General Hospital' };

type Resource = Entry['resource'];

const put = (resource: Resource): Entry => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
});

const transaction = (resources: Resource[]): Bundle => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: resources.map(put),
});

const coded = (system: string, code: string, display: string): object => ({
  coding: [{ system, code, display }],
  text: display,
});

const kinds = {
  si: 'Site',
  bu: 'Building',
  lvl: 'Level',
  wa: 'Ward',
  ro: 'Room',
  bd: 'Bed',
  ve: 'Vehicle',
} as const;

interface Place {
  id: string;
  name: string;
  kind: keyof typeof kinds;
  within?: string;
}

const place = ({ id, name, kind, within }: Place, more: object = {}): Resource => ({
  resourceType: 'Location',
  id,
  status: 'active',
  name,
  mode: 'instance',
  physicalType: coded(PHYSICAL, kind, kinds[kind]),
  managingOrganization: HOSPITAL,
  ...(within === undefined ? {} : { partOf: { reference: `Location/${within}` } }),
  ...more,
});

const bedTypes = {
  general: 'General',
  icu: 'Intensive care',
  private: 'Private',
  'semi-private': 'Semi-private',
} as const;

interface Ward {
  id: string;
  name: string;
  level: string;
  rooms: { count: number; beds: number; type: keyof typeof bedTypes }[];
}

const wards: Ward[] = [
  { id: 'emergency', name: 'Emergency', level: 'demo-main-0', rooms: [{ count: 4, beds: 1, type: 'general' }] },
  { id: 'icu', name: 'Intensive Care', level: 'demo-main-1', rooms: [{ count: 8, beds: 1, type: 'icu' }] },
  {
    id: 'surgery',
    name: 'Surgery',
    level: 'demo-main-1',
    rooms: [
      { count: 3, beds: 4, type: 'general' },
      { count: 2, beds: 1, type: 'private' },
    ],
  },
  {
    id: 'medicine',
    name: 'Internal Medicine',
    level: 'demo-main-2',
    rooms: [
      { count: 4, beds: 4, type: 'general' },
      { count: 2, beds: 2, type: 'semi-private' },
    ],
  },
  {
    id: 'maternity',
    name: 'Maternity',
    level: 'demo-east-0',
    rooms: [
      { count: 4, beds: 2, type: 'semi-private' },
      { count: 2, beds: 1, type: 'private' },
    ],
  },
  {
    id: 'paediatrics',
    name: 'Paediatrics',
    level: 'demo-east-1',
    rooms: [{ count: 3, beds: 2, type: 'semi-private' }],
  },
];

/** Beds that are not simply free, so that the availability board has something to tell. */
const states: Record<string, [code: string, display: string]> = {
  'demo-bed-medicine-2-3': ['H', 'Housekeeping'],
  'demo-bed-surgery-3-4': ['K', 'Contaminated'],
  'demo-bed-icu-8-1': ['C', 'Closed'],
};

export function wardBundle(): Bundle {
  const places = [
    place(
      { id: 'demo-site', name: 'Wardgate General Hospital', kind: 'si' },
      {
        address: { line: ['1 Harbour Road'], city: 'Boston', state: 'MA', postalCode: '02110', country: 'US' },
      },
    ),
    place({ id: 'demo-main', name: 'Main Building', kind: 'bu', within: 'demo-site' }),
    place({ id: 'demo-east', name: 'East Wing', kind: 'bu', within: 'demo-site' }),
    ...['Ground Floor', 'First Floor', 'Second Floor'].map((name, level) =>
      place({ id: `demo-main-${level}`, name: `Main Building, ${name}`, kind: 'lvl', within: 'demo-main' }),
    ),
    ...['Ground Floor', 'First Floor'].map((name, level) =>
      place({ id: `demo-east-${level}`, name: `East Wing, ${name}`, kind: 'lvl', within: 'demo-east' }),
    ),
    place({ id: 'demo-pharmacy-store', name: 'Pharmacy Store', kind: 'ro', within: 'demo-main-0' }),
    ...wards.flatMap(placesOfWard),
  ];
  const hospital: Resource = {
    resourceType: 'Organization',
    id: 'demo-hospital',
    active: true,
    identifier: [{ system: `${SID}/organization`, value: 'demo-hospital' }],
    type: [coded('http://terminology.hl7.org/CodeSystem/organization-type', 'prov', 'Healthcare Provider')],
    name: 'Wardgate General Hospital',
    telecom: [{ system: 'phone', value: '+1-617-555-0100' }],
  };
  return transaction([hospital, ...places]);
}

function placesOfWard({ id, name, level, rooms }: Ward): Resource[] {
  const ward = place({ id: `demo-ward-${id}`, name, kind: 'wa', within: level });
  const all = rooms.flatMap(({ count, beds, type }) => Array.from({ length: count }, () => ({ beds, type })));
  return [
    ward,
    ...all.flatMap(({ beds, type }, index) => {
      const room = `demo-room-${id}-${index + 1}`;
      const roomName = `${name} ${index + 1}`;
      return [
        place({ id: room, name: roomName, kind: 'ro', within: ward.id }),
        ...Array.from({ length: beds }, (_, bed) =>
          bedIn(`demo-bed-${id}-${index + 1}-${bed + 1}`, `${roomName}-${bed + 1}`, room, type),
        ),
      ];
    }),
  ];
}

function bedIn(id: string, name: string, room: string, type: keyof typeof bedTypes): Resource {
  const [code, display] = states[id] ?? ['U', 'Unoccupied'];
  return place(
    { id, name, kind: 'bd', within: room },
    {
      meta: { profile: [BED] },
      operationalStatus: { system: 'http://terminology.hl7.org/CodeSystem/v2-0116', code, display },
      type: [coded(BED_TYPE, type, bedTypes[type])],
    },
  );
}

interface Doctor {
  id: string;
  given: string;
  family: string;
  gender: 'female' | 'male';
  specialty: [code: string, display: string];
  place: string;
  hours: { startTime: string; endTime: string; minutes: number; days: string[]; capacity?: number };
}

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri'];

// Specialties from SNOMED CT, as in FHIR's own practice-codes value set.
const doctors: Doctor[] = [
  {
    id: 'okafor',
    given: 'Ngozi',
    family: 'Okafor',
    gender: 'female',
    specialty: ['394814009', 'General practice'],
    place: 'demo-main-0',
    hours: { startTime: '08:00:00', endTime: '12:00:00', minutes: 15, days: weekdays },
  },
  {
    id: 'lindqvist',
    given: 'Maja',
    family: 'Lindqvist',
    gender: 'female',
    specialty: ['394579002', 'Cardiology'],
    place: 'demo-main-2',
    hours: { startTime: '09:00:00', endTime: '13:00:00', minutes: 20, days: ['mon', 'wed', 'fri'] },
  },
  {
    id: 'haddad',
    given: 'Karim',
    family: 'Haddad',
    gender: 'male',
    specialty: ['394537008', 'Paediatrics'],
    place: 'demo-east-1',
    hours: { startTime: '13:00:00', endTime: '17:00:00', minutes: 20, days: weekdays },
  },
  {
    id: 'rossi',
    given: 'Elena',
    family: 'Rossi',
    gender: 'female',
    specialty: ['394585009', 'Obstetrics and gynecology'],
    place: 'demo-east-0',
    hours: { startTime: '09:00:00', endTime: '12:00:00', minutes: 30, days: ['tue', 'thu'] },
  },
  {
    id: 'tanaka',
    given: 'Hiroshi',
    family: 'Tanaka',
    gender: 'male',
    specialty: ['394609007', 'General surgery'],
    place: 'demo-main-1',
    hours: { startTime: '14:00:00', endTime: '17:00:00', minutes: 30, days: ['mon', 'thu'] },
  },
  {
    id: 'novak',
    given: 'Petra',
    family: 'Novak',
    gender: 'female',
    specialty: ['408480009', 'Clinical immunology'],
    place: 'demo-main-0',
    hours: { startTime: '10:00:00', endTime: '12:00:00', minutes: 60, days: ['wed'], capacity: 20 },
  },
];

const SNOMED = 'http://snomed.info/sct';

export function doctorBundle(): Bundle {
  return transaction(doctors.flatMap(resourcesOfDoctor));
}

function resourcesOfDoctor({ id, given, family, gender, specialty, place: where }: Doctor): Resource[] {
  const name = `Dr. ${given} ${family}`;
  const kind = coded(SNOMED, ...specialty);
  const practitioner = { reference: `Practitioner/demo-${id}`, display: name };
  const location = { reference: `Location/${where}` };
  const service = { reference: `HealthcareService/demo-${id}` };
  return [
    {
      resourceType: 'Practitioner',
      id: `demo-${id}`,
      active: true,
      identifier: [{ system: `${SID}/staff`, value: `D-${id}` }],
      name: [{ use: 'official', family, given: [given], prefix: ['Dr.'] }],
      gender,
      telecom: [{ system: 'email', value: `${id}@hospital.example`, use: 'work' }],
    },
    {
      resourceType: 'HealthcareService',
      id: `demo-${id}`,
      active: true,
      providedBy: HOSPITAL,
      specialty: [kind],
      location: [location],
      name: `${specialty[1]} clinic`,
      appointmentRequired: true,
    },
    {
      resourceType: 'PractitionerRole',
      id: `demo-${id}`,
      active: true,
      practitioner,
      organization: HOSPITAL,
      specialty: [kind],
      location: [location],
      healthcareService: [service],
    },
    {
      resourceType: 'Schedule',
      id: `demo-${id}`,
      active: true,
      identifier: [{ system: `${SID}/schedule`, value: `demo-${id}` }],
      specialty: [kind],
      actor: [practitioner, location, service],
      comment: `${specialty[1]} with ${name}`,
    },
  ];
}

/** Stays that have begun before the demo starts. The rule of beds makes these beds occupied. */
export function stayBundle(patients: Someone[]): Bundle {
  const beds = [
    'demo-bed-medicine-1-1',
    'demo-bed-medicine-1-2',
    'demo-bed-icu-1-1',
    'demo-bed-surgery-1-1',
    'demo-bed-maternity-5-1',
  ];
  return transaction(
    beds.flatMap((bed, index) => {
      const patient = patients[index * 3];
      if (patient === undefined) return [];
      const start = `{{today-${index + 1}}}T0${index + 5}:30:00Z`;
      return [
        {
          resourceType: 'Encounter',
          id: `demo-stay-${index + 1}`,
          identifier: [{ system: `${SID}/stay`, value: `demo-stay-${index + 1}` }],
          status: 'in-progress',
          class: {
            system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
            code: 'IMP',
            display: 'inpatient encounter',
          },
          subject: { reference: `Patient/${patient.id}`, display: patient.name },
          serviceProvider: HOSPITAL,
          period: { start },
          location: [{ location: { reference: `Location/${bed}` }, status: 'active', period: { start } }],
        },
      ];
    }),
  );
}

type Someone = { id: string; name: string };

const DRIVER = { reference: 'Practitioner/demo-ortega', display: 'Luis Ortega' };

/** Something to do for everybody who works here, and for the patient and the donor of the demo accounts. */
export function todayBundle(patients: Someone[]): Bundle {
  const of = ({ id, name }: Someone): object => ({ reference: `Patient/${id}`, display: name });
  const [inpatient, second, patient, donor] = [patients[0]!, patients[3]!, patients[9]!, patients[11]!];
  const doctor = { reference: 'Practitioner/demo-okafor', display: 'Dr. Ngozi Okafor' };
  const stay = { reference: 'Encounter/demo-stay-1' };
  return transaction([
    ...driver(),
    {
      resourceType: 'ServiceRequest',
      id: 'demo-laboratory-order',
      status: 'active',
      intent: 'order',
      category: [coded(SNOMED, '108252007', 'Laboratory procedure')],
      priority: 'urgent',
      code: coded(LOINC, '24321-2', 'Basic metabolic 2000 panel - Serum or Plasma'),
      subject: of(inpatient),
      encounter: stay,
      authoredOn: '{{today}}T07:10:00Z',
      requester: doctor,
    },
    {
      resourceType: 'Specimen',
      id: 'demo-specimen',
      status: 'available',
      type: coded(SNOMED, '119364003', 'Serum specimen'),
      subject: of(inpatient),
      request: [{ reference: 'ServiceRequest/demo-laboratory-order' }],
      receivedTime: '{{today}}T07:40:00Z',
    },
    prescription('demo-prescription', 'active', { subject: of(inpatient), encounter: stay, requester: doctor }),
    prescription('demo-draft', 'draft', { subject: of(second), requester: doctor }),
    appointment('demo-appointment', 'General practice', [of(patient), doctor]),
    appointment('demo-donation', 'Blood donation', [of(donor), { reference: 'Location/demo-main-0' }]),
    {
      resourceType: 'Invoice',
      id: 'demo-invoice',
      status: 'issued',
      subject: of(patient),
      issuer: HOSPITAL,
      date: '{{today-3}}',
      totalGross: { value: 120.5, currency: 'USD' },
    },
    {
      resourceType: 'Task',
      id: 'demo-transport',
      status: 'accepted',
      intent: 'order',
      code: { text: 'Fetch from home' },
      for: of(second),
      authoredOn: '{{today}}T06:50:00Z',
      requester: HOSPITAL,
      owner: DRIVER,
    },
  ]);
}

const LOINC = 'http://loinc.org';

function driver(): Resource[] {
  const ambulance = place({ id: 'demo-ambulance-1', name: 'Ambulance 1', kind: 've' });
  return [
    ambulance,
    {
      resourceType: 'Practitioner',
      id: 'demo-ortega',
      active: true,
      identifier: [{ system: `${SID}/staff`, value: 'A-ortega' }],
      name: [{ use: 'official', family: 'Ortega', given: ['Luis'] }],
    },
    {
      resourceType: 'PractitionerRole',
      id: 'demo-ortega',
      active: true,
      practitioner: DRIVER,
      organization: HOSPITAL,
      code: [{ text: 'Ambulance driver' }],
      location: [{ reference: `Location/${ambulance.id}` }],
    },
  ];
}

const prescription = (id: string, status: 'active' | 'draft', more: object): Resource => ({
  resourceType: 'MedicationRequest',
  id,
  status,
  intent: 'order',
  medicationCodeableConcept: coded(
    'http://www.nlm.nih.gov/research/umls/rxnorm',
    '308182',
    'Amoxicillin 250 MG Oral Capsule',
  ),
  authoredOn: '{{today}}T07:15:00Z',
  dosageInstruction: [{ text: 'One capsule three times a day for seven days' }],
  ...more,
});

const appointment = (id: string, what: string, actors: object[]): Resource => ({
  resourceType: 'Appointment',
  id,
  status: 'booked',
  serviceType: [{ text: what }],
  start: '{{today+1}}T15:00:00Z',
  end: '{{today+1}}T15:20:00Z',
  participant: actors.map((actor) => ({ actor, status: 'accepted' })),
});

interface Item {
  id: string;
  name: string;
  unit: [text: string, code: string];
  reorder: number;
  lots: { lot: string; expiry: string; quantity: number }[];
}

const tablets: Item['unit'] = ['tablet', '{tbl}'];

const items: Item[] = [
  {
    id: 'paracetamol-500',
    name: 'Paracetamol 500 mg tablet',
    unit: tablets,
    reorder: 500,
    lots: [
      { lot: 'PCM-A1', expiry: '{{year+1}}-06-30', quantity: 1200 },
      { lot: 'PCM-B7', expiry: '{{year+2}}-03-31', quantity: 2400 },
    ],
  },
  {
    id: 'amoxicillin-500',
    name: 'Amoxicillin 500 mg capsule',
    unit: ['capsule', '{capsule}'],
    reorder: 300,
    lots: [{ lot: 'AMX-19', expiry: '{{year+1}}-09-30', quantity: 640 }],
  },
  {
    id: 'insulin-glargine',
    name: 'Insulin glargine 100 units/mL pen',
    unit: ['pen', '{pen}'],
    reorder: 40,
    lots: [{ lot: 'INS-4', expiry: '{{year+1}}-02-28', quantity: 25 }],
  },
  {
    id: 'saline-500',
    name: 'Sodium chloride 0.9 % infusion 500 mL',
    unit: ['bag', '{bag}'],
    reorder: 200,
    lots: [{ lot: 'NACL-88', expiry: '{{year+2}}-01-31', quantity: 900 }],
  },
  {
    id: 'gloves-m',
    name: 'Examination gloves, medium',
    unit: ['box', '{box}'],
    reorder: 50,
    lots: [{ lot: 'GLV-2', expiry: '{{year+4}}-12-31', quantity: 180 }],
  },
];

const UCUM = 'http://unitsofmeasure.org';

const quantity = (value: number, [unit, code]: Item['unit']): object => ({ value, unit, system: UCUM, code });

export function stockBundle(): Bundle {
  return transaction(
    items.map(({ id, name, unit, reorder }) => ({
      resourceType: 'Substance',
      id: `demo-${id}`,
      meta: { profile: [STOCK_ITEM] },
      extension: [{ url: REORDER_LEVEL, valueQuantity: quantity(reorder, unit) }],
      identifier: [{ system: `${SID}/sku`, value: id.toUpperCase() }],
      status: 'active',
      code: { text: name },
    })),
  );
}

type Parameter = { name: string; [value: string]: unknown };

const call = (url: string, parameter: Parameter[]): Entry =>
  ({ resource: { resourceType: 'Parameters', parameter }, request: { method: 'POST', url } }) as unknown as Entry;

/** What is done by operations: slots of the next two weeks, and the deliveries of the stores. */
export function workBundle(): Bundle {
  const slots = doctors.map(({ id, hours: { startTime, endTime, minutes, days, capacity } }) =>
    call(`Schedule/demo-${id}/$generate-slots`, [
      { name: 'from', valueDate: '{{today}}' },
      { name: 'to', valueDate: '{{today+13}}' },
      { name: 'startTime', valueTime: startTime },
      { name: 'endTime', valueTime: endTime },
      { name: 'minutes', valuePositiveInt: minutes },
      ...days.map((day) => ({ name: 'daysOfWeek', valueCode: day })),
      ...(capacity === undefined ? [] : [{ name: 'capacity', valuePositiveInt: capacity }]),
    ]),
  );
  const deliveries = items.flatMap(({ id, unit, lots }) =>
    lots.map(({ lot, expiry, quantity: amount }) =>
      call(`Substance/demo-${id}/$receive-stock`, [
        { name: 'quantity', valueQuantity: quantity(amount, unit) },
        { name: 'lot', valueString: lot },
        { name: 'expiry', valueDate: expiry },
        { name: 'destination', valueReference: { reference: 'Location/demo-pharmacy-store' } },
        { name: 'idempotencyKey', valueString: `demo-${lot}` },
      ]),
    ),
  );
  return { resourceType: 'Bundle', type: 'batch', entry: [...slots, ...deliveries] };
}
