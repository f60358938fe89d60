// What the policies that come with the program let each role do, through dispatch and a database: rows of who asks what, and what comes of it.
import assert from 'node:assert/strict';
import type { Caller } from '../../src/fhir/auth/caller.ts';
import { loadDefinitions } from '../../src/fhir/definitions/load.ts';
import { type Ask, type Asked, aCaller, askerOf } from '../support/callers.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const LAB = 'http://terminology.hl7.org/CodeSystem/observation-category|laboratory';
const category = (code: string) => [
  { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code }] },
];
const of = (patient: string) => ({ subject: { reference: `Patient/${patient}` } });
const code = { code: { coding: [{ system: 'http://loinc.org', code: '8302-2' }] } };

const world: Record<string, object> = {
  'Organization/h1': { name: 'First' },
  'Organization/h1-icu': { name: 'Intensive care', partOf: { reference: 'Organization/h1' } },
  'Organization/h2': { name: 'Second' },
  'Practitioner/doc': { name: [{ family: 'House' }], birthDate: '1959-06-11' },
  'Patient/ann': {
    name: [{ family: 'Archer' }],
    birthDate: '1980-02-03',
    maritalStatus: { text: 'Married' },
    contact: [{ name: { family: 'Kin' } }],
    generalPractitioner: [{ reference: 'Practitioner/doc' }],
    managingOrganization: { reference: 'Organization/h1-icu' },
  },
  'Patient/bob': { name: [{ family: 'Baker' }], managingOrganization: { reference: 'Organization/h2' } },
  'RelatedPerson/mum': { patient: { reference: 'Patient/bob' }, active: true },
  'RelatedPerson/aunt': { patient: { reference: 'Patient/bob' }, period: { end: '2020-12-31' } },
  'RelatedPerson/uncle': { patient: { reference: 'Patient/bob' }, period: { start: '2999-01-01' } },
  'RelatedPerson/dad': { patient: { reference: 'Patient/bob' }, active: false },
  'RelatedPerson/gran': { patient: { reference: 'Patient/bob' }, period: { start: '2020-01-01', end: '2999' } },
  'Observation/ann-lab': { status: 'final', category: category('laboratory'), ...code, ...of('ann') },
  'Observation/ann-vital': {
    status: 'final',
    category: category('vital-signs'),
    ...code,
    ...of('ann'),
    effectiveDateTime: '2024-01-01',
    hasMember: [{ reference: 'Observation/bob-lab' }],
  },
  'Observation/ann-secret': {
    meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }] },
    status: 'final',
    ...code,
    ...of('ann'),
  },
  'Observation/bob-lab': { status: 'final', category: category('laboratory'), ...code, ...of('bob') },
  'MedicationRequest/ann-drug': {
    status: 'active',
    intent: 'order',
    medicationCodeableConcept: { text: 'Aspirin' },
    ...of('ann'),
    supportingInformation: [{ reference: 'Observation/ann-secret' }],
  },
  'DocumentReference/ann-letter': { status: 'current', content: [{ attachment: { title: 'x' } }], ...of('ann') },
  'Binary/ann-scan': { contentType: 'text/plain', securityContext: { reference: 'DocumentReference/ann-letter' } },
  'Binary/free': { contentType: 'text/plain' },
};

const callers = {
  admin: aCaller('admin'),
  doctor: aCaller('doctor', { organizations: ['h1'], fhirUser: { type: 'Practitioner', id: 'doc' } }),
  'doctor elsewhere': aCaller('doctor', { organizations: ['h2'] }),
  'doctor who breaks the glass': aCaller('doctor', { organizations: ['h1'], breakGlass: 'unconscious' }),
  nurse: aCaller('nurse', { organizations: ['h1'] }),
  pharmacist: aCaller('pharmacist', { organizations: ['h1'] }),
  'lab technician': aCaller('lab-technician', { organizations: ['h1'] }),
  receptionist: aCaller('receptionist', { organizations: ['h1'] }),
  ann: aCaller('patient', { fhirUser: { type: 'Patient', id: 'ann' } }),
  "ann's laboratory app": aCaller('patient', {
    fhirUser: { type: 'Patient', id: 'ann' },
    patient: 'ann',
    scopes: [`patient/Observation.rs?category=${LAB}`, 'patient/Patient.r', 'openid'],
  }),
  "the doctor's app on ann": aCaller('doctor', {
    organizations: ['h1', 'h2'],
    patient: 'ann',
    scopes: ['patient/*.rs', 'launch'],
  }),
  'mother of bob': aCaller('patient', { fhirUser: { type: 'RelatedPerson', id: 'mum' } }),
  'former carer of bob': aCaller('patient', { fhirUser: { type: 'RelatedPerson', id: 'aunt' } }),
  'coming carer of bob': aCaller('patient', { fhirUser: { type: 'RelatedPerson', id: 'uncle' } }),
  'father of bob, no more': aCaller('patient', { fhirUser: { type: 'RelatedPerson', id: 'dad' } }),
  'grandmother of bob': aCaller('patient', { fhirUser: { type: 'RelatedPerson', id: 'gran' } }),
  'a program': aCaller('x', { kind: 'client', roles: [], scopes: ['system/Observation.s', 'user/Patient.rs'] }),
  'doctor here, receptionist there': aCaller('x', {
    roles: ['doctor@h1', 'receptionist@h2'],
    organizations: ['h1', 'h2'],
  }),
  'doctor there who is a patient here': aCaller('x', {
    roles: ['doctor', 'patient'],
    organizations: ['h2'],
    fhirUser: { type: 'Patient', id: 'ann' },
  }),
  nobody: aCaller('x', { kind: 'anonymous', id: '', roles: [] }),
  'somebody of an unknown role': aCaller('wizard'),
} satisfies Record<string, Caller>;

type Who = keyof typeof callers;

/** who, method, path, status, and what the answer tells: ids of a bundle, or of an outcome its code (and expression) */
const rows: readonly (readonly [who: Who, request: string, status: number, tells?: string, body?: object])[] = [
  ['nobody', 'GET metadata', 200],
  ['nobody', 'GET Patient/ann', 401, 'login'],
  ['nobody', 'GET Patient', 401, 'login'],
  ['somebody of an unknown role', 'GET Patient/ann', 403, 'forbidden'],
  ['somebody of an unknown role', 'GET StructureDefinition?_count=1&_elements=id', 200],

  ['ann', 'GET Patient/ann', 200],
  ['ann', 'GET Patient/bob', 404, 'not-found'],
  ['ann', 'GET Patient/nobody', 404, 'not-found'],
  ['ann', 'GET Patient', 200, 'ann'],
  ['ann', 'GET Patient?_total=accurate&_summary=count', 200, '=1'],
  ['ann', 'GET Observation?code=8302-2&_sort=-date&_total=accurate', 200, 'ann-vital ann-lab ann-secret =3'],
  ['ann', 'GET Observation?_id=bob-lab', 200, '=0'],
  ['ann', 'GET Observation?_filter=subject eq Patient/bob', 200, '=0'],
  ['ann', 'GET Observation?_id=ann-vital&_include=Observation:has-member', 200, 'ann-vital =1'],
  ['ann', 'GET Patient?_has:Observation:patient:_id=bob-lab', 200, '=0'],
  ['ann', 'GET Observation?has-member:Observation.code=8302-2', 200, '=0'],
  ['ann', 'GET Observation?has-member=Observation/bob-lab', 200, 'ann-vital =1'],
  ['ann', 'GET Patient/bob/Observation', 200, '=0'],
  ['ann', 'GET Organization?_id=h1&_revinclude=Patient:organization', 200, 'h1 =1'],
  ['ann', 'GET Group', 403, 'forbidden'],
  ['ann', 'GET Practitioner?address=Princeton', 403, 'forbidden'],
  ['ann', 'GET Practitioner?_sort=address', 403, 'forbidden'],
  ['ann', 'GET _history', 403, 'forbidden'],
  ['ann', 'GET Observation/bob-lab/_history', 404, 'not-found'],
  ['ann', 'GET Observation/_history', 403, 'forbidden'],
  ['ann', 'GET Observation/ann-lab/_history/1', 200],
  ['ann', 'GET Observation/bob-lab/_history/1', 404, 'not-found'],
  ['ann', 'DELETE Observation/bob-lab', 403, 'forbidden'],
  ['ann', 'GET Binary/ann-scan', 200],
  ['ann', 'GET Binary/free', 404, 'not-found'],
  ['ann', 'GET Patient/ann/$everything', 200],
  ['ann', 'GET Patient/bob/$everything', 404, 'not-found'],
  ['ann', 'POST Patient/$match', 403, 'forbidden', { resourceType: 'Patient', name: [{ family: 'Baker' }] }],
  ['mother of bob', 'GET Patient', 200, 'bob'],
  ['mother of bob', 'GET Observation', 200, 'bob-lab'],
  ['grandmother of bob', 'GET Patient', 200, 'bob'],
  ['former carer of bob', 'GET Patient', 200, ''],
  ['former carer of bob', 'GET Patient/bob', 404, 'not-found'],
  ['coming carer of bob', 'GET Observation/bob-lab', 404, 'not-found'],
  ['father of bob, no more', 'GET Patient/bob', 404, 'not-found'],

  ["ann's laboratory app", 'GET Observation', 200, 'ann-lab'],
  ["ann's laboratory app", 'GET Observation/ann-vital', 404, 'not-found'],
  ["ann's laboratory app", 'GET Observation?_total=accurate&_summary=count', 200, '=1'],
  ["ann's laboratory app", 'GET Observation?_include=Observation:subject', 200, 'ann-lab ann'],
  ["ann's laboratory app", 'GET Patient', 403, 'forbidden'],
  ["ann's laboratory app", 'GET Condition', 403, 'forbidden'],
  ["the doctor's app on ann", 'GET Patient', 200, 'ann'],
  ["the doctor's app on ann", 'GET Observation?_sort=_id', 200, 'ann-lab ann-vital'],
  [
    "the doctor's app on ann",
    'POST Observation',
    403,
    'forbidden',
    { resourceType: 'Observation', status: 'final', ...code },
  ],
  ['a program', 'GET Observation?_sort=_id', 200, 'ann-lab ann-secret ann-vital bob-lab'],
  ['a program', 'GET Observation/ann-lab', 403, 'forbidden'],

  ['doctor', 'GET Patient', 200, 'ann'],
  ['doctor', 'GET Observation?_sort=_id', 200, 'ann-lab ann-vital'],
  ['doctor', 'GET Observation/ann-secret', 404, 'not-found'],
  ['doctor who breaks the glass', 'GET Observation/ann-secret', 200],
  ['doctor who breaks the glass', 'GET Observation/bob-lab', 404, 'not-found'],
  ['doctor elsewhere', 'GET Patient', 200, 'bob'],
  ['doctor elsewhere', 'GET Observation/ann-lab', 404, 'not-found'],
  ['doctor', 'GET Patient?_explain=true', 200, 'ann'],
  ['doctor', 'PUT Patient/bob', 404, 'not-found', { resourceType: 'Patient', id: 'bob' }],
  ['doctor', 'PUT Patient/new', 404, 'not-found', { resourceType: 'Patient', id: 'new' }],
  [
    'doctor',
    'POST Observation',
    422,
    'not-found',
    { resourceType: 'Observation', status: 'final', ...code, ...of('bob') },
  ],
  [
    'doctor',
    'POST Observation',
    422,
    'not-found',
    { resourceType: 'Observation', status: 'final', ...code, ...of('never') },
  ],
  [
    'doctor',
    'POST Patient',
    403,
    'forbidden Patient.meta.security',
    {
      resourceType: 'Patient',
      meta: { security: [{ system: 'https://wardgate.dev/fhir/CodeSystem/owner', code: 'h2' }] },
    },
  ],

  ['doctor here, receptionist there', 'GET Patient?_sort=_id', 200, 'ann bob'],
  ['doctor here, receptionist there', 'GET Observation?_sort=_id', 200, 'ann-lab ann-vital'],
  ['doctor there who is a patient here', 'GET Observation?_sort=_id', 200, 'ann-lab ann-secret ann-vital bob-lab'],
  ['doctor there who is a patient here', 'GET Practitioner/doc', 200],
  ['pharmacist', 'GET Patient?family=Archer', 200, 'ann'],
  ['pharmacist', 'GET Patient?_include=Patient:general-practitioner', 200, 'ann doc'],
  ['pharmacist', 'GET Observation/ann-lab', 403, 'forbidden'],
  ['pharmacist', 'GET MedicationRequest?_include=*', 200, 'ann-drug ann'],
  ['lab technician', 'GET Patient?telecom=1', 403, 'forbidden'],
  ['lab technician', 'GET Patient?_sort=address', 403, 'forbidden'],
  ['lab technician', 'GET Patient?general-practitioner=Practitioner/doc', 403, 'forbidden'],
  ['lab technician', 'GET Patient?general-practitioner:missing=false', 403, 'forbidden'],
  ['lab technician', 'GET Patient?_filter=telecom eq 1', 403, 'forbidden'],
  ['lab technician', 'GET Patient?_include=Patient:general-practitioner', 200, 'ann'],
  ['lab technician', 'GET Practitioner?_has:Patient:general-practitioner:family=Archer', 403, 'forbidden'],
  ['lab technician', 'GET Observation?patient.phone=1', 403, 'forbidden'],
  ['lab technician', 'GET Observation', 200, 'ann-lab'],
  ['lab technician', 'GET Observation/ann-vital', 404, 'not-found'],
  [
    'lab technician',
    'POST Observation',
    403,
    'forbidden',
    { resourceType: 'Observation', status: 'final', category: category('vital-signs'), ...code, ...of('ann') },
  ],
  [
    'nurse',
    'POST MedicationRequest',
    403,
    'forbidden',
    {
      resourceType: 'MedicationRequest',
      status: 'active',
      intent: 'order',
      medicationCodeableConcept: { text: 'x' },
      ...of('ann'),
    },
  ],
  [
    'nurse',
    'PUT MedicationRequest/ann-drug',
    403,
    'forbidden',
    { resourceType: 'MedicationRequest', id: 'ann-drug', ...world['MedicationRequest/ann-drug'] },
  ],
  ['admin', 'GET Patient?_sort=_id', 200, 'ann bob'],
];

describe('the policies of the roles', () => {
  let server: TestServer;
  let ask: Ask;

  before(async () => {
    server = await startTestServer('access-roles', { settings: { auth: 'on' } });
    ask = askerOf(server);
    for (const [name, content] of Object.entries(world)) {
      const [resourceType, id] = name.split('/');
      const { status, text } = await ask(callers.admin, 'PUT', name, { resourceType, id, ...content });
      assert.equal(status, 201, text);
    }
  });
  after(() => server.close());

  for (const [who, request, status, tells, body] of rows) {
    it(`${who}: ${request}${body === undefined ? '' : ' with a body'} → ${status} ${tells ?? ''}`, async () => {
      const [method, path] = [request.slice(0, request.indexOf(' ')), request.slice(request.indexOf(' ') + 1)];
      const answer = await ask(callers[who], method as 'GET', path, body);
      assert.equal(answer.status, status, answer.text);
      if (tells !== undefined) assert.equal(toldBy(answer.body, tells), tells, answer.text);
    });
  }

  it('shows a part of a resource, says so, and keeps the rest when it is written back', async () => {
    const shown = await ask(callers['lab technician'], 'GET', 'Patient/ann');
    assert.deepEqual(Object.keys(shown.body).sort(), [
      'birthDate',
      'id',
      'managingOrganization',
      'meta',
      'name',
      'resourceType',
    ]);
    assert.equal(shown.body.meta.tag[0].code, 'SUBSETTED');
    const drug = await ask(callers.pharmacist, 'GET', 'MedicationRequest/ann-drug');
    assert.equal(drug.body.supportingInformation, undefined);
    const written = await ask(callers.pharmacist, 'PUT', 'MedicationRequest/ann-drug', {
      ...drug.body,
      status: 'completed',
    });
    assert.equal(written.status, 200, written.text);
    assert.equal(written.body.supportingInformation, undefined);
    const whole = await ask(callers.admin, 'GET', 'MedicationRequest/ann-drug');
    assert.equal(whole.body.status, 'completed');
    assert.deepEqual(whole.body.supportingInformation, [{ reference: 'Observation/ann-secret' }]);
    assert.equal(whole.body.meta.tag, undefined);
  });

  it('refuses an element that is hidden from who writes it', async () => {
    const drug = await ask(callers.pharmacist, 'GET', 'MedicationRequest/ann-drug');
    const answer = await ask(callers.pharmacist, 'PUT', 'MedicationRequest/ann-drug', {
      ...drug.body,
      supportingInformation: [{ display: 'mine' }],
    });
    assert.equal(answer.status, 403);
    assert.equal(answer.body.issue[0].expression[0], 'MedicationRequest.supportingInformation');
    const patch = await ask(
      callers.pharmacist,
      'PATCH',
      'MedicationRequest/ann-drug',
      [{ op: 'test', path: '/supportingInformation/0/reference', value: 'Observation/ann-secret' }],
      { 'content-type': 'application/json-patch+json' },
    );
    assert.notEqual(patch.status, 200, 'a patch cannot ask whether it guessed right');
  });

  it('orders what hides its main date by something else, and tells the date in no page link', async () => {
    const porter = aCaller('porter');
    const grants = [{ types: ['Patient'], may: 'rs', show: ['name'] }];
    const policy = { role: 'porter', title: 'Porter', description: 'Fetches people', grants, operations: [] };
    await server.service.access!.policies.change(policy, 'test');
    const page = await ask(porter, 'GET', 'Patient?_count=1');
    assert.equal(page.body.entry[0].resource.id, 'ann', page.text);
    const cursor = cursorIn(page);
    const [order, value] = JSON.parse(Buffer.from(cursor.slice(11), 'base64url').toString());
    assert.deepEqual([order, value], ['id', 'ann']);
    const rest = await ask(porter, 'GET', `Patient?_count=1&_cursor=${cursor}`);
    assert.equal(rest.body.entry[0].resource.id, 'bob');
    for (const query of [
      '_sort=birthdate',
      'birthdate=lt2000',
      '_sort=-_lastUpdated,birthdate',
      '_filter=birthdate ge 2000',
    ])
      assert.equal((await ask(porter, 'GET', `Patient?${query}`)).status, 403, query);
  });

  it('lets nobody use the page link of somebody else', async () => {
    const cursor = cursorIn(await ask(callers.admin, 'GET', 'Observation?_count=1'));
    const own = await ask(callers.admin, 'GET', `Observation?_count=1&_cursor=${cursor}`);
    assert.equal(own.status, 200, own.text);
    const foreign = await ask(callers.ann, 'GET', `Observation?_count=1&_cursor=${cursor}`);
    assert.equal(foreign.status, 400, foreign.text);
    assert.match(foreign.body.issue[0].diagnostics, /made for someone else/);
  });

  it('gives what is created to the organisation of who creates it, and keeps it there', async () => {
    const made = await ask(callers.nurse, 'POST', 'Patient', { resourceType: 'Patient' });
    assert.deepEqual(made.body.meta.security, [{ system: 'https://wardgate.dev/fhir/CodeSystem/owner', code: 'h1' }]);
    const written = await ask(callers.nurse, 'PUT', `Patient/${made.body.id}`, {
      resourceType: 'Patient',
      id: made.body.id,
      gender: 'male',
    });
    assert.deepEqual(written.body.meta.security, made.body.meta.security);
    assert.equal((await ask(callers['doctor elsewhere'], 'GET', `Patient/${made.body.id}`)).status, 404);
    const gone = await ask(callers.admin, 'DELETE', `Patient/${made.body.id}`);
    assert.equal(gone.status, 204);
    assert.equal(
      (await ask(callers.nurse, 'GET', `Patient/${made.body.id}`)).status,
      410,
      'who could see it sees that it is gone',
    );
    assert.equal((await ask(callers['doctor elsewhere'], 'GET', `Patient/${made.body.id}`)).status, 404);
  });

  it('finds nothing outside by a condition, and creates in its place', async () => {
    const body = { resourceType: 'Patient', name: [{ family: 'Baker' }] };
    const made = await ask(callers.doctor, 'POST', 'Patient', body, { 'if-none-exist': 'family=Baker' });
    assert.equal(made.status, 201, made.text);
    const again = await ask(callers.doctor, 'POST', 'Patient', body, { 'if-none-exist': 'family=Baker' });
    assert.equal(again.body.id, made.body.id);
    const bundle = await ask(callers.doctor, 'POST', '', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        {
          resource: {
            resourceType: 'Observation',
            status: 'final',
            ...code,
            subject: { reference: 'Patient?family=Archer' },
          },
          request: { method: 'POST', url: 'Observation' },
        },
        { request: { method: 'GET', url: 'Observation/bob-lab' } },
      ],
    });
    assert.equal(bundle.status, 404, 'a transaction is all or nothing');
    const batch = await ask(callers.doctor, 'POST', '', {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        { request: { method: 'GET', url: 'Observation/bob-lab' } },
        { request: { method: 'GET', url: 'AuditEvent' } },
        { request: { method: 'GET', url: 'Observation/ann-lab' } },
      ],
    });
    assert.deepEqual(
      batch.body.entry.map(({ response }: { response: { status: string } }) => response.status),
      ['404 Not Found', '403 Forbidden', '200 OK'],
    );
    await ask(callers.admin, 'DELETE', `Patient/${made.body.id}`);
  });

  it('list no operation that the role could not run', async () => {
    const { access, operations } = server.service;
    for (const { role, policy } of access!.policies.all()) {
      const caller = aCaller(role, role === 'anonymous' ? { kind: 'anonymous', id: '', roles: [] } : {});
      for (const name of policy.operations.filter((one) => one !== '*')) {
        const [code, type] = name
          .split('/')
          .reverse()
          .map((part) => part.replace('$', ''));
        const found = operations
          .definitions()
          .find((one) => one.code === code && (type === undefined || one.types.includes(type)));
        const level = found!.levels.at(-1)!;
        const types = found!.types.includes('Resource') ? loadDefinitions().resourceTypes : found!.types;
        const mayRun = (type?: string): boolean => {
          const target = {
            kind: 'operation',
            level,
            code: code!,
            ...(type !== undefined && { type, id: 'x' }),
          } as const;
          try {
            access!.decide(caller, target);
            return true;
          } catch {
            return false;
          }
        };
        const runs = level === 'system' ? mayRun() : (type === undefined ? types : [type]).some(mayRun);
        assert.ok(runs, `${role} lists ${name}`);
      }
    }
  });

  it('decides each write of a transaction', async () => {
    const answer = await ask(callers.nurse, 'POST', '', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        {
          resource: { resourceType: 'Observation', status: 'final', ...code, ...of('ann') },
          request: { method: 'POST', url: 'Observation' },
        },
        { request: { method: 'DELETE', url: 'Condition/x' } },
      ],
    });
    assert.equal(answer.status, 403, answer.text);
    assert.equal(answer.body.issue[0].expression[0], 'Bundle.entry[1]');
  });
});

function cursorIn({ body }: Asked): string {
  const { url } = body.link.find(({ relation }: { relation: string }) => relation === 'next');
  return new URL(url).searchParams.get('_cursor')!;
}

/** In the form of a row. */
// biome-ignore lint/suspicious/noExplicitAny: any resource
function toldBy(body: any, wanted: string): string {
  if (body?.resourceType === 'OperationOutcome') {
    const { code: issue, expression } = body.issue[0];
    return wanted.includes(' ') ? `${issue} ${expression?.[0]}` : issue;
  }
  const ids = (body?.entry ?? [])
    .filter(({ search }: { search: { mode: string } }) => search.mode !== 'outcome')
    .map(({ resource }: { resource: { id: string } }) => resource.id);
  const total = wanted.includes('=') ? [`=${body.total}`] : [];
  return [...ids, ...total].join(' ');
}
