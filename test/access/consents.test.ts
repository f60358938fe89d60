// What patients deny by a consent is not seen, by whom it says, of what it says, as long as it says; and by everybody again who breaks the glass.
import assert from 'node:assert/strict';
import { type Ask, aCaller, askerOf } from '../support/callers.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const doctor = (id: string, organization: string) =>
  aCaller('doctor', { id, organizations: [organization], fhirUser: { type: 'Practitioner', id } });
const ada = doctor('ada', 'h1');
const bert = doctor('bert', 'h1');
const eva = doctor('eva', 'h2');

const coding = (code: string) => ({ coding: [{ code }] });
const base = {
  resourceType: 'Consent',
  status: 'active',
  scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
  category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
  patient: { reference: 'Patient/ann' },
  policyRule: coding('OPTIN'),
};
const actor = (reference: string) => [{ role: coding('PRCP'), reference: { reference } }];

/** the content of a consent, and what each of the doctors sees then of lab, old and drug */
const rows: readonly (readonly [what: string, consent: object, ada: string, bert: string, eva: string])[] = [
  ['nothing', {}, 'lab old drug', 'lab old drug', 'lab old drug'],
  ['everybody', { provision: { type: 'deny' } }, '', '', ''],
  ['everybody, by its policy', { policyRule: coding('OPTOUT') }, '', '', ''],
  ['one doctor', { provision: { type: 'deny', actor: actor('Practitioner/ada') } }, '', 'lab old drug', 'lab old drug'],
  ['a hospital', { provision: { type: 'deny', actor: actor('Organization/h2') } }, 'lab old drug', 'lab old drug', ''],
  [
    'everybody but one',
    { policyRule: coding('OPTOUT'), provision: { provision: [{ type: 'permit', actor: actor('Practitioner/bert') }] } },
    '',
    'lab old drug',
    '',
  ],
  [
    'a type',
    { provision: { provision: [{ type: 'deny', class: [{ code: 'MedicationRequest' }] }] } },
    'lab old',
    'lab old',
    'lab old',
  ],
  [
    'what was before a day, to all but one',
    {
      provision: {
        provision: [
          {
            type: 'deny',
            class: [{ code: 'Observation' }],
            dataPeriod: { end: '2020-12-31' },
            provision: [{ type: 'permit', actor: actor('Practitioner/eva') }],
          },
        ],
      },
    },
    'lab drug',
    'lab drug',
    'lab old drug',
  ],
  [
    'a code',
    {
      provision: {
        provision: [{ type: 'deny', code: [{ coding: [{ system: 'http://loinc.org', code: '8302-2' }] }] }],
      },
    },
    'old drug',
    'old drug',
    'old drug',
  ],
  [
    'one resource',
    {
      provision: {
        provision: [{ type: 'deny', data: [{ meaning: 'instance', reference: { reference: 'Observation/lab' } }] }],
      },
    },
    'old drug',
    'old drug',
    'old drug',
  ],
  [
    'one resource, of a version of it',
    {
      patient: { reference: 'Patient/ann/_history/1' },
      provision: {
        provision: [
          { type: 'deny', data: [{ meaning: 'instance', reference: { reference: 'Observation/lab/_history/1' } }] },
        ],
      },
    },
    'old drug',
    'old drug',
    'old drug',
  ],
  [
    'one doctor, by a version of him',
    { provision: { type: 'deny', actor: actor('Practitioner/ada/_history/1') } },
    '',
    'lab old drug',
    'lab old drug',
  ],
  [
    'what depends on one resource',
    {
      provision: {
        provision: [{ type: 'deny', data: [{ meaning: 'dependents', reference: { reference: 'Observation/lab' } }] }],
      },
    },
    'drug',
    'drug',
    'drug',
  ],
  [
    'what somebody wrote',
    {
      provision: {
        provision: [{ type: 'deny', data: [{ meaning: 'authoredby', reference: { reference: 'Practitioner/bert' } }] }],
      },
    },
    'lab old',
    'lab old',
    'lab old',
  ],
  [
    'everything but what is of a time, which a prescription without a date is not',
    {
      policyRule: coding('OPTOUT'),
      provision: { provision: [{ type: 'permit', dataPeriod: { start: '2023-01-01' } }] },
    },
    'lab',
    'lab',
    'lab',
  ],
  [
    'what research does with it',
    { provision: { type: 'deny', purpose: [{ code: 'HRESCH' }] } },
    'lab old drug',
    'lab old drug',
    'lab old drug',
  ],
  [
    'everybody, until it ended',
    { provision: { type: 'deny', period: { end: '2021-01-01' } } },
    'lab old drug',
    'lab old drug',
    'lab old drug',
  ],
  [
    'everybody, when it is in force',
    { status: 'draft', provision: { type: 'deny' } },
    'lab old drug',
    'lab old drug',
    'lab old drug',
  ],
  [
    'everybody, what is for research',
    { scope: coding('research'), provision: { type: 'deny' } },
    'lab old drug',
    'lab old drug',
    'lab old drug',
  ],
];

describe('a consent that denies', () => {
  let server: TestServer;
  let ask: Ask;
  const admin = aCaller('admin');

  before(async () => {
    server = await startTestServer('access-consents', { settings: { auth: 'on' } });
    ask = askerOf(server);
    const owners = ['h1', 'h2'].map((code) => ({ system: 'https://wardgate.dev/fhir/CodeSystem/owner', code }));
    const subject = { reference: 'Patient/ann' };
    const code = (value: string) => ({ coding: [{ system: 'http://loinc.org', code: value }] });
    const world = [
      { resourceType: 'Patient', id: 'ann' },
      {
        resourceType: 'Observation',
        id: 'lab',
        status: 'final',
        code: code('8302-2'),
        subject,
        effectiveDateTime: '2024-01-01',
      },
      {
        resourceType: 'Observation',
        id: 'old',
        status: 'final',
        code: code('29463-7'),
        subject,
        effectiveDateTime: '2019-01-01',
        derivedFrom: [{ reference: 'Observation/lab' }],
      },
      {
        resourceType: 'MedicationRequest',
        id: 'drug',
        status: 'active',
        intent: 'order',
        medicationCodeableConcept: { text: 'x' },
        subject,
        requester: { reference: 'Practitioner/bert' },
      },
    ];
    for (const resource of world) {
      const { status, text } = await ask(admin, 'PUT', `${resource.resourceType}/${resource.id}`, {
        ...resource,
        meta: { security: owners },
      });
      assert.equal(status, 201, text);
    }
  });
  after(() => server.close());

  async function decree(consent: object): Promise<void> {
    const { status, text } = await ask(admin, 'PUT', 'Consent/c', { ...base, id: 'c', ...consent });
    assert.ok(status < 300, text);
    await server.service.access!.consents.refresh();
  }

  async function seenBy(caller: typeof ada): Promise<string> {
    const seen: string[] = [];
    for (const name of ['Observation/lab', 'Observation/old', 'MedicationRequest/drug']) {
      const [type, id] = name.split('/');
      const read = (await ask(caller, 'GET', name)).status === 200;
      const found = (await ask(caller, 'GET', `${type}?_id=${id}&_total=accurate`)).body.total === 1;
      assert.equal(found, read, `${name} is read or found`);
      if (read) seen.push(id!);
    }
    return seen.join(' ');
  }

  for (const [what, consent, ...expected] of rows) {
    it(`${what}`, async () => {
      await decree(consent);
      assert.deepEqual([await seenBy(ada), await seenBy(bert), await seenBy(eva)], expected);
    });
  }

  it('judges a vaccine by its code, and a type that has no date by no time', async () => {
    const owners = [{ system: 'https://wardgate.dev/fhir/CodeSystem/owner', code: 'h1' }];
    const patient = { reference: 'Patient/ann' };
    const cvx = { coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code: '207' }] };
    const [vaccine, image] = await Promise.all([
      ask(admin, 'PUT', 'Immunization/shot', {
        ...{ resourceType: 'Immunization', id: 'shot', meta: { security: owners }, status: 'completed', patient },
        ...{ vaccineCode: cvx, occurrenceDateTime: '2024-01-01' },
      }),
      ask(admin, 'PUT', 'BodyStructure/arm', {
        ...{ resourceType: 'BodyStructure', id: 'arm', meta: { security: owners }, patient },
      }),
    ]);
    assert.deepEqual([vaccine.status, image.status], [201, 201], vaccine.text + image.text);
    const seen = async (): Promise<number[]> => [
      (await ask(ada, 'GET', 'Immunization/shot')).status,
      (await ask(ada, 'GET', 'BodyStructure/arm')).status,
    ];
    await decree({ provision: { provision: [{ type: 'deny', code: [cvx] }] } });
    assert.deepEqual(await seen(), [404, 200]);
    const since = { type: 'permit', dataPeriod: { start: '2023-01-01' } };
    await decree({ policyRule: coding('OPTOUT'), provision: { provision: [since] } });
    assert.deepEqual(await seen(), [200, 404]);
  });

  it('hides the record, not that there is a patient, nor the consent', async () => {
    await decree({ provision: { type: 'deny' } });
    assert.equal((await ask(ada, 'GET', 'Patient/ann')).status, 200);
    assert.equal((await ask(ada, 'GET', 'Consent/c')).status, 200);
    assert.equal(
      (await ask(aCaller('patient', { fhirUser: { type: 'Patient', id: 'ann' } }), 'GET', 'Observation/lab')).status,
      200,
    );
    assert.equal((await ask(ada, 'GET', 'Observation/lab/_history')).status, 404);
    assert.equal(
      (await ask(ada, 'PATCH', 'Observation/lab', [], { 'content-type': 'application/json-patch+json' })).status,
      404,
    );
  });

  it('is not ended by a doctor whom it keeps out, but by the patient and by who administers the hospital', async () => {
    await decree({ provision: { type: 'deny' } });
    const { body } = await ask(ada, 'GET', 'Consent/c');
    const ended = { ...body, status: 'inactive' };
    const patient = aCaller('patient', { fhirUser: { type: 'Patient', id: 'ann' } });
    const patch = [{ op: 'replace', path: '/status', value: 'inactive' }];
    const headers = { 'content-type': 'application/json-patch+json' };
    for (const refused of [
      await ask(ada, 'PUT', 'Consent/c', ended),
      await ask(ada, 'PATCH', 'Consent/c', patch, headers),
      await ask(ada, 'PUT', 'Consent/c', { ...body, patient: { reference: 'Patient/bob' } }),
    ])
      assert.equal(refused.status, 403, refused.text);
    for (const caller of [patient, aCaller('hospital-admin')]) {
      assert.equal((await ask(caller, 'PUT', 'Consent/c', ended)).status, 200);
      await decree({ provision: { type: 'deny' } });
    }
  });

  it('gives way to a doctor who says why, and to nobody else', async () => {
    await decree({ provision: { type: 'deny' } });
    const access = server.service.access!;
    const urgent = access.withReason(ada, 'unconscious after an accident');
    assert.equal(await seenBy(urgent), 'lab old drug');
    assert.equal(await seenBy(ada), '', 'the next request is decided without it');
    const refused = [
      [aCaller('pharmacist'), 'in a hurry', /not for you/],
      [{ ...ada, scopes: ['user/*.rs'] }, 'an app says so', /not for you/],
      [ada, 'why', /says why/],
      [aCaller('x', { kind: 'anonymous', roles: [] }), 'because of it', /Sign in/],
    ] as const;
    for (const [caller, reason, words] of refused) assert.throws(() => access.withReason(caller, reason), words);
  });

  it('is followed within seconds, and ends with its deletion', async () => {
    await decree({ provision: { type: 'deny' } });
    assert.equal(await seenBy(ada), '');
    await ask(admin, 'DELETE', 'Consent/c');
    const start = Date.now();
    while ((await ask(ada, 'GET', 'Observation/lab')).status !== 200 && Date.now() - start < 20_000)
      await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(await seenBy(ada), 'lab old drug');
  });
});
