// What patients deny by a consent is not seen, by whom it says, of what it says, as long as it says; and by everybody again who breaks the glass.
import assert from 'node:assert/strict';
import type { OperationOutcome } from 'fhir/r4.js';
import { present } from '../../src/fhir/http/respond.ts';
import { type Ask, aCaller, askerOf } from '../support/callers.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';
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
const actor = (reference: string | object) => [
  { role: coding('PRCP'), reference: typeof reference === 'string' ? { reference } : reference },
];
const known = (type: string, value: string) => ({ type, identifier: { system: 'urn:staff', value } });
const denied = (named: string | object) => ({ provision: { type: 'deny', actor: actor(named) } });
/** everybody else is denied all */
const permitted = (named: string | object) => ({
  policyRule: coding('OPTOUT'),
  provision: { provision: [{ type: 'permit', actor: actor(named) }] },
});
const ALL = 'lab old drug';
const OWN = 'https://hospital.example/fhir';

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
  ['one doctor, by his address here', denied(`${OWN}/Practitioner/ada`), '', ALL, ALL],
  ['one doctor, by the address of a version', denied(`${OWN}/Practitioner/ada/_history/1`), '', ALL, ALL],
  ['a doctor of elsewhere, who may be anybody here', denied('https://other.example/fhir/Practitioner/ada'), '', '', ''],
  ['everybody but a doctor of elsewhere', permitted('https://other.example/fhir/Practitioner/ada'), '', '', ''],
  ['a doctor where he works', denied('PractitionerRole/ada-at-h1'), '', ALL, ALL],
  ['a doctor where he works now and then', denied('PractitionerRole/ada-at-h2'), ALL, ALL, ALL],
  ['who has left, who may still be there', denied('PractitionerRole/bert-left'), ALL, '', ALL],
  ['everybody but who has left', permitted('PractitionerRole/bert-left'), '', '', ''],
  ['who was ever in a team', denied('CareTeam/team'), '', '', ALL],
  ['everybody but who is in a team now', permitted('CareTeam/team'), ALL, '', ''],
  ['everybody but who is in a team of a team', permitted('CareTeam/teams'), ALL, '', ''],
  ['a team of which somebody has only a name', denied('CareTeam/unnamed'), '', '', ''],
  ['a team that is not there', denied('CareTeam/none'), '', '', ''],
  ['everybody but a team that is not there', permitted('CareTeam/none'), '', '', ''],
  ['who was ever in a group', denied('Group/people'), '', '', ALL],
  ['everybody but who is in a group', permitted('Group/people'), ALL, '', ''],
  ['a kind of people', denied('Group/kind'), '', '', ''],
  ['everybody but a kind of people', permitted('Group/kind'), '', '', ''],
  ['a service, and so who provides it', denied('HealthcareService/clinic'), '', '', ALL],
  ['everybody but who works for a service', permitted('HealthcareService/clinic'), ALL, '', ''],
  ['a part of a hospital, for which all of it may act', denied('Organization/h1-heart'), '', '', ALL],
  ['one doctor, by an identifier', denied(known('Practitioner', '7')), '', ALL, ALL],
  ['a hospital, by an identifier that says no type', denied({ identifier: { value: 'H2' } }), ALL, ALL, ''],
  ['everybody but one, by an identifier', permitted(known('Practitioner', '7')), ALL, '', ''],
  ['either of two who have an identifier', denied(known('Practitioner', '8')), ALL, '', ''],
  ['everybody but one of two who have an identifier', permitted(known('Practitioner', '8')), '', '', ''],
  ['whoever has an identifier that nobody has', denied(known('Practitioner', '9')), '', '', ''],
  ['who is known by name only', denied({ display: 'Doctor Who' }), '', '', ''],
  ['the patient who has an identifier', { patient: known('Patient', '1'), provision: { type: 'deny' } }, '', '', ''],
  [
    'everybody but one, by an exception without a rule within it',
    { policyRule: coding('OPTOUT'), provision: { type: 'permit', actor: actor('Practitioner/bert') } },
    '',
    ALL,
    '',
  ],
  [
    'everybody but one, and to him a type',
    {
      policyRule: coding('OPTOUT'),
      provision: {
        provision: [
          { type: 'deny', class: [{ code: 'MedicationRequest' }] },
          { type: 'permit', actor: actor('Practitioner/bert') },
        ],
      },
    },
    '',
    'lab old',
    '',
  ],
  [
    'a type, to who may or may not be permitted more',
    {
      policyRule: coding('OPTIN'),
      provision: {
        provision: [
          {
            type: 'permit',
            actor: actor('Group/kind'),
            provision: [{ type: 'deny', class: [{ code: 'MedicationRequest' }] }],
          },
        ],
      },
    },
    'lab old',
    'lab old',
    'lab old',
  ],
  [
    'what is of no type',
    { provision: { provision: [{ type: 'deny', class: [{ code: 'application/pdf' }] }] } },
    '',
    '',
    '',
  ],
  [
    'what serves an unknown purpose',
    { provision: { type: 'deny', purpose: [{ system: 'urn:x', code: 'y' }] } },
    '',
    '',
    '',
  ],
  [
    'a code wherever it is found',
    { provision: { provision: [{ type: 'deny', code: [coding('vital-signs')] }] } },
    'lab drug',
    'lab drug',
    'lab drug',
  ],
  [
    'everything but what is about a code',
    { policyRule: coding('OPTOUT'), provision: { provision: [{ type: 'permit', code: [coding('vital-signs')] }] } },
    '',
    '',
    '',
  ],
  [
    'what was before a day, as what has no date may be',
    { provision: { provision: [{ type: 'deny', dataPeriod: { end: '2020-12-31' } }] } },
    'lab',
    'lab',
    'lab',
  ],
  [
    'one resource, by an identifier',
    {
      provision: {
        provision: [{ type: 'deny', data: [{ meaning: 'related', reference: known('Observation', 'lab') }] }],
      },
    },
    'drug',
    'drug',
    'drug',
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
  let database: FreshDatabase;
  let server: TestServer;
  let ask: Ask;
  const admin = aCaller('admin');

  before(async () => {
    database = await freshDatabase('access-consents');
    server = await startTestServer('access-consents', { database, settings: { auth: 'on', baseUrl: OWN } });
    ask = askerOf(server);
    const owners = ['h1', 'h2'].map((code) => ({ system: 'https://wardgate.dev/fhir/CodeSystem/owner', code }));
    const subject = { reference: 'Patient/ann' };
    const code = (value: string) => ({ coding: [{ system: 'http://loinc.org', code: value }] });
    const identifier = (value: string) => ({ system: 'urn:staff', value });
    const bertHimself = { reference: 'Practitioner/bert' };
    const role = (id: string, more: object) => ({
      resourceType: 'PractitionerRole',
      id,
      practitioner: { reference: 'Practitioner/ada' },
      ...more,
    });
    const team = (id: string, participant: object[]) => ({
      resourceType: 'CareTeam',
      id,
      status: 'active',
      subject,
      participant,
    });
    const world = [
      { resourceType: 'Patient', id: 'ann', identifier: [identifier('1')] },
      { resourceType: 'Organization', id: 'h1', name: 'One' },
      { resourceType: 'Organization', id: 'h1-heart', name: 'Heart', partOf: { reference: 'Organization/h1' } },
      { resourceType: 'Organization', id: 'h2', name: 'Two', identifier: [{ system: 'urn:hospitals', value: 'H2' }] },
      { resourceType: 'Practitioner', id: 'ada', identifier: [identifier('7')] },
      { resourceType: 'Practitioner', id: 'bert', identifier: [identifier('8')] },
      { resourceType: 'Practitioner', id: 'eva', identifier: [identifier('8')] },
      role('ada-at-h1', { organization: { reference: 'Organization/h1' } }),
      role('ada-at-h2', { organization: { reference: 'Organization/h2' } }),
      role('ada-at-clinic', { healthcareService: [{ reference: 'HealthcareService/clinic' }] }),
      role('bert-left', { practitioner: bertHimself, period: { end: '2020-12-31' } }),
      { resourceType: 'HealthcareService', id: 'clinic', providedBy: { reference: 'Organization/h1' } },
      team('team', [{ member: known('Practitioner', '7') }, { member: bertHimself, period: { end: '2020' } }]),
      team('teams', [{ member: { reference: 'CareTeam/team' } }, { member: { reference: 'CareTeam/teams' } }]),
      team('unnamed', [{ member: { display: 'a friend' } }]),
      {
        resourceType: 'Group',
        id: 'people',
        type: 'practitioner',
        actual: true,
        member: [
          { entity: { reference: 'PractitionerRole/ada-at-h1' } },
          { entity: { reference: 'Practitioner/bert' }, inactive: true },
        ],
      },
      { resourceType: 'Group', id: 'kind', type: 'practitioner', actual: false },
      {
        resourceType: 'Observation',
        id: 'lab',
        identifier: [identifier('lab')],
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
        category: [coding('vital-signs')],
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
  after(async () => {
    await server.close();
    await database.drop();
  });

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

  it('hides what has a label, or is named, of whatever type it is, and nothing beside it', async () => {
    const label = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'PSY' };
    const owner = { system: 'https://wardgate.dev/fhir/CodeSystem/owner', code: 'h1' };
    const message = { resourceType: 'Communication', status: 'completed', subject: { reference: 'Patient/ann' } };
    for (const [id, security] of [
      ['plain', [owner]],
      ['labelled', [owner, label]],
    ] as const) {
      const { status, text } = await ask(admin, 'PUT', `Communication/${id}`, { ...message, id, meta: { security } });
      assert.equal(status, 201, text);
    }
    const desk = aCaller('receptionist', { organizations: ['h1'] });
    const seen = async (who: typeof desk): Promise<string[]> => {
      const { body } = await ask(who, 'GET', 'Communication?_sort=_id');
      return (body.entry ?? []).map(({ resource }: { resource: { id: string } }) => resource.id);
    };
    const provision = (more: object) => ({ provision: { provision: [{ type: 'deny', ...more }] } });
    const data = (name: string) => [{ meaning: 'instance', reference: { reference: name } }];
    for (const [consent, expected] of [
      [provision({ securityLabel: [label] }), ['plain']],
      [provision({ data: data('Communication/plain') }), ['labelled']],
      [provision({ data: data('Communication/plain'), securityLabel: [label] }), ['labelled', 'plain']],
      [provision({ securityLabel: [label], class: [{ code: 'Observation' }] }), ['labelled', 'plain']],
      [provision({ securityLabel: [{ display: 'psychiatry' }] }), ['labelled', 'plain']],
      [provision({}), ['labelled', 'plain']],
    ] as const) {
      await decree(consent);
      for (const who of [desk, ada]) assert.deepEqual(await seen(who), expected, JSON.stringify(consent));
      assert.equal((await ask(ada, 'GET', 'Patient/ann')).status, 200);
    }
  });

  it('follows who is in a team, and of what a hospital is part', async () => {
    const { body: team } = await ask(admin, 'GET', 'CareTeam/team');
    await decree(permitted('CareTeam/teams'));
    assert.deepEqual([await seenBy(ada), await seenBy(bert)], [ALL, '']);
    const others = { ...team, participant: [{ member: { reference: 'Practitioner/bert' } }] };
    assert.equal((await ask(admin, 'PUT', 'CareTeam/team', others)).status, 200);
    await server.service.access!.consents.refresh();
    assert.deepEqual([await seenBy(ada), await seenBy(bert)], ['', ALL]);
    assert.equal((await ask(admin, 'PUT', 'CareTeam/team', team)).status, 200);
    for (const one of ['Organization/h1', 'HealthcareService/clinic']) {
      await decree(denied(one));
      assert.equal(await seenBy(doctor('hana', 'h1-heart')), '', one);
    }
    await decree(denied('PractitionerRole/ada-at-h1'));
    assert.equal(await seenBy(doctor('ada', 'h1-heart')), '');
  });

  /** `warning not-found Consent.patient` */
  const firstIn = ({ issue: [first] }: OperationOutcome): string =>
    `${first?.severity} ${first?.code} ${first?.expression}`;

  it('asks of what a hospital is part only where one speaks of organisations', async () => {
    const { db } = database;
    let asking = 0;
    const asked = async (consent: object): Promise<boolean> => {
      await decree(consent);
      // what is known of an organisation is known for a while
      const organization = `ward-${++asking}`;
      await ask(doctor('hana', organization), 'GET', 'Observation/lab');
      const asked = await db
        .collection('system.profile')
        .find({ ns: `${db.databaseName}.Organization` })
        .toArray();
      return asked.some(({ command }) => JSON.stringify(command.filter).includes(`"_id":"${organization}"`));
    };
    await db.command({ profile: 2 });
    try {
      for (const consent of [{}, denied('Practitioner/ada'), denied('CareTeam/team')])
        assert.equal(await asked(consent), false, JSON.stringify(consent));
      const ofOrganizations = [
        'Organization/h2',
        'PractitionerRole/ada-at-h1',
        'HealthcareService/clinic',
        { identifier: { value: 'H2' } },
      ];
      for (const named of ofOrganizations) assert.equal(await asked(denied(named)), true, JSON.stringify(named));
    } finally {
      await db.command({ profile: 0 });
    }
  });

  /** what is wrong with a consent, and of what its writer is told */
  const told: readonly (readonly [what: string, consent: object, expression: string, code: string])[] = [
    ['a team that is not there', denied('CareTeam/none'), 'Consent.provision.actor[0].reference', 'not-supported'],
    ['a kind of people', permitted('Group/kind'), 'Consent.provision.provision[0].actor[0].reference', 'not-supported'],
    ['a doctor who is not there', denied('Practitioner/none'), 'Consent.provision.actor[0].reference', 'not-found'],
    [
      'a patient nobody is',
      { patient: known('Patient', '0'), ...denied('Practitioner/ada') },
      'Consent.patient',
      'not-found',
    ],
    [
      'an unknown purpose',
      { provision: { type: 'deny', purpose: [{ system: 'urn:x', code: 'y' }] } },
      'Consent.provision.purpose[0]',
      'not-supported',
    ],
    ['no type', { provision: { type: 'deny', class: [{ code: 'x' }] } }, 'Consent.provision.class[0]', 'not-supported'],
    ['a scope of others', { scope: coding('research'), provision: { type: 'deny' } }, 'Consent.scope', 'not-supported'],
    ['a policy in words', { policyRule: { text: 'as usual' } }, 'Consent.policyRule', 'not-supported'],
  ];
  for (const [what, consent, expression, code] of told) {
    it(`tells who writes it of ${what}`, async () => {
      const written = await ask(admin, 'PUT', 'Consent/c', { ...base, id: 'c', ...consent });
      assert.ok(written.status < 300, written.text);
      const seen = (written.answer.warnings ?? []).map((one) => [one.severity, one.code, one.expression]);
      assert.deepEqual(seen, [['warning', code, expression]]);
      assert.match(present(written.answer, 'update', undefined).headers?.Warning ?? '', /^299 wardgate "Consent\./);
      const asked = [
        await ask(admin, 'POST', 'Consent/$validate', { ...base, ...consent }),
        await ask(admin, 'POST', 'Consent/$validate?mode=create', { ...base, ...consent }),
        await ask(admin, 'POST', 'Consent/c/$validate?mode=update', { ...base, id: 'c', ...consent }),
        await ask(admin, 'GET', 'Consent/c/$validate'),
      ];
      for (const { text, body } of asked) assert.equal(firstIn(body), `warning ${code} ${expression}`, text);
      const { body: outcome } = present(written.answer, 'update', 'return=OperationOutcome');
      assert.deepEqual((outcome as unknown as OperationOutcome).issue[0]?.expression, [expression]);
      for (const type of ['batch', 'transaction']) {
        const resource = { ...base, id: 'c', ...consent };
        const entry = [{ resource, request: { method: 'PUT', url: 'Consent/c' } }];
        const { body } = await ask(admin, 'POST', '', { resourceType: 'Bundle', type, entry });
        const [issue] = body.entry[0].response.outcome.issue;
        assert.deepEqual([issue.code, issue.expression], [code, [`Bundle.entry[0].resource.${expression.slice(8)}`]]);
      }
    });
  }

  it('is not asked what it means while it is broken, nor where only a profile is asked about', async () => {
    const broken = { ...base, ...denied('CareTeam/none'), provision: { type: 'deny', actor: 'x' } };
    const { status, body } = await ask(admin, 'POST', 'Consent/$validate', broken);
    assert.equal(status, 200);
    assert.equal(firstIn(body), 'error structure Consent.provision.actor');
    const profile = 'http://hl7.org/fhir/StructureDefinition/Consent';
    const asked = await ask(admin, 'POST', `Consent/$validate?mode=profile&profile=${profile}`, {
      ...base,
      ...denied('CareTeam/none'),
    });
    assert.doesNotMatch(asked.text, /Who is meant/);
  });

  /** what is refused, because it would deny nothing */
  const without: readonly (readonly [what: string, consent: object, expression: string, code: string])[] = [
    ['no patient', { patient: undefined, provision: { type: 'deny' } }, 'Consent.patient', 'required'],
    [
      'a patient of elsewhere',
      { patient: { reference: 'https://x.example/Patient/1' }, ...denied('Practitioner/ada') },
      'Consent.patient',
      'required',
    ],
    [
      'what is elsewhere',
      {
        provision: {
          type: 'deny',
          data: [{ meaning: 'instance', reference: { reference: 'https://x.example/Observation/1' } }],
        },
      },
      'Consent.provision.data[0].reference',
      'not-found',
    ],
  ];
  for (const [what, consent, expression, code] of without) {
    it(`is refused where it is about ${what}`, async () => {
      const resource = JSON.parse(JSON.stringify({ ...base, id: 'c', ...consent })) as object;
      const { status, body } = await ask(admin, 'PUT', 'Consent/c', resource);
      assert.deepEqual([status, body.issue?.[0].code, body.issue?.[0].expression], [422, code, [expression]]);
      const asked = await ask(admin, 'POST', 'Consent/$validate', resource);
      assert.equal(firstIn(asked.body), `error ${code} ${expression}`, asked.text);
      const entry = [{ resource, request: { method: 'PUT', url: 'Consent/c' } }];
      const { status: all } = await ask(admin, 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
      assert.equal(all, 422);
      const draft = await ask(admin, 'PUT', 'Consent/c', { ...resource, status: 'draft' });
      assert.deepEqual([draft.status, draft.answer.warnings], [200, undefined], draft.text);
    });
  }

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

  it('hides from programs the content of what it hides', async () => {
    const program = aCaller('x', { kind: 'client', roles: [], scopes: ['system/*.rs'] });
    const security = [{ system: 'https://wardgate.dev/fhir/CodeSystem/owner', code: 'h1' }];
    const subject = { reference: 'Patient/ann' };
    const composition = {
      ...{ resourceType: 'Composition', id: 'report', meta: { security }, status: 'final', type: coding('x'), subject },
      ...{ date: '2024-01-01', author: [{ reference: 'Practitioner/bert' }], title: 'Report' },
    };
    const context = { securityContext: { reference: 'DocumentReference/letter' } };
    const content = [{ attachment: { url: 'Binary/scan' } }];
    const resources = [
      { resourceType: 'DocumentReference', id: 'letter', meta: { security }, status: 'current', subject, content },
      { resourceType: 'Binary', id: 'scan', meta: { security }, contentType: 'text/plain', data: 'eA==', ...context },
      composition,
      {
        ...{ resourceType: 'Bundle', id: 'report', meta: { security }, type: 'document' },
        ...{ identifier: { system: 'urn:x', value: '1' }, timestamp: '2024-01-01T00:00:00Z' },
        entry: [{ fullUrl: `${OWN}/Composition/report`, resource: composition }],
      },
    ];
    for (const one of resources) {
      const { status, text } = await ask(admin, 'PUT', `${one.resourceType}/${one.id}`, one);
      assert.equal(status, 201, text);
    }
    const seen = async (): Promise<number[]> => [
      (await ask(program, 'GET', 'Binary/scan')).status,
      (await ask(program, 'GET', 'Bundle/report')).status,
      (await ask(program, 'GET', 'Binary?_id=scan&_summary=count')).body.total,
      (await ask(program, 'GET', 'Bundle?_id=report&_summary=count')).body.total,
    ];
    const type = (code: string) => ({ provision: { provision: [{ type: 'deny', class: [{ code }] }] } });
    for (const [consent, expected] of [
      [{}, [200, 200, 1, 1]],
      [{ provision: { type: 'deny' } }, [404, 404, 0, 0]],
      [type('DocumentReference'), [404, 200, 0, 1]],
      [type('Composition'), [200, 404, 1, 0]],
    ] as const) {
      await decree(consent);
      assert.deepEqual(await seen(), expected, JSON.stringify(consent));
    }
  });

  const mum = aCaller('patient', { fhirUser: { type: 'RelatedPerson', id: 'mum' } });
  const herself = aCaller('patient', { fhirUser: { type: 'Patient', id: 'ann' } });
  /** what a carer sees of lab, old and drug, and whether it may change the consent */
  const ofCarers: readonly (readonly [what: string, consent: object, seen: string, mayChange: boolean])[] = [
    ['everybody', { provision: { type: 'deny' } }, ALL, true],
    ['a doctor', denied('Practitioner/ada'), ALL, true],
    ['a hospital', denied('Organization/h1'), ALL, true],
    ['everybody but a doctor', permitted('Practitioner/ada'), ALL, true],
    ['everybody but a kind of people', permitted('Group/kind'), ALL, true],
    ['a carer', denied('RelatedPerson/mum'), '', false],
    ['another carer', denied('RelatedPerson/dad'), ALL, true],
    ['a carer by an identifier', denied(known('RelatedPerson', 'mum')), '', false],
    ['a team with a carer in it', denied('CareTeam/family'), '', false],
    ['who is known by name only', denied({ display: 'my mother' }), '', false],
    [
      'a carer, one type',
      {
        provision: {
          provision: [{ type: 'deny', class: [{ code: 'Observation' }], actor: actor('RelatedPerson/mum') }],
        },
      },
      'drug',
      false,
    ],
    [
      'everybody, and permits a carer one type',
      {
        policyRule: coding('OPTOUT'),
        provision: {
          provision: [{ type: 'permit', class: [{ code: 'Observation' }], actor: actor('RelatedPerson/mum') }],
        },
      },
      'lab old',
      false,
    ],
  ];
  for (const [what, consent, seen, mayChange] of ofCarers) {
    it(`that denies ${what} is ${mayChange ? '' : 'not '}changed by who cares for the patient, and sees ${seen || 'nothing'}`, async () => {
      const patient = { reference: 'Patient/ann' };
      const carer = { resourceType: 'RelatedPerson', id: 'mum', active: true, patient };
      const team = { resourceType: 'CareTeam', id: 'family', status: 'active', subject: patient };
      await ask(admin, 'PUT', 'RelatedPerson/mum', { ...carer, identifier: [{ system: 'urn:staff', value: 'mum' }] });
      const participant = [{ member: { reference: 'RelatedPerson/mum' } }];
      await ask(admin, 'PUT', 'CareTeam/family', { ...team, participant });
      await decree(consent);
      assert.deepEqual([await seenBy(mum), await seenBy(herself)], [seen, ALL]);
      const { body, status } = await ask(mum, 'GET', 'Consent/c');
      assert.equal(status, 200);
      const patch = [{ op: 'replace', path: '/status', value: 'inactive' }];
      const headers = { 'content-type': 'application/json-patch+json' };
      const change = [
        await ask(mum, 'PUT', 'Consent/c', { ...body, status: 'inactive' }),
        await ask(mum, 'PATCH', 'Consent?_id=c', patch, headers),
      ];
      for (const { status: changed, text } of change) assert.equal(changed === 200, mayChange, text);
      assert.equal((await ask(herself, 'PUT', 'Consent/c', { ...body, status: 'inactive' })).status, 200);
    });
  }

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

describe('a period in a consent', () => {
  const DAY = '2031-05-01';
  const NOON = Date.parse(`${DAY}T12:00:00Z`);
  const clock = { now: NOON };
  // who acts for no organisation is remembered longest
  const ada = aCaller('doctor', { fhirUser: { type: 'Practitioner', id: 'ada' } });
  let server: TestServer;
  let ask: Ask;
  before(async () => {
    server = await startTestServer('access-consents-periods', { settings: { auth: 'on' }, now: () => clock.now });
    ask = askerOf(server);
    await write({ resourceType: 'Patient', id: 'ann' });
    await write({ resourceType: 'Practitioner', id: 'ada' });
    const lab = { status: 'final', code: { text: 'x' }, subject: { reference: 'Patient/ann' } };
    await write({ resourceType: 'Observation', id: 'lab', ...lab });
  });
  after(() => server.close());

  async function write(resource: { resourceType: string; id: string; [more: string]: unknown }): Promise<void> {
    const { resourceType, id } = resource;
    const { status, text } = await ask(aCaller('admin'), 'PUT', `${resourceType}/${id}`, resource);
    assert.ok(status < 300, text);
  }

  const period = { start: `${DAY}T12:00:00Z`, end: `${DAY}T12:00:10Z` };
  const ended = NOON + 11_000;
  const day = { start: DAY, end: DAY };
  const [midnight, next] = [`${DAY}T00:00:00Z`, '2031-05-02T00:00:00Z'].map(Date.parse) as [number, number];
  const [untilNoon, thereafter] = [{ end: `${DAY}T11:59:59Z` }, { start: `${DAY}T12:00:11Z` }];
  const member = { reference: 'Practitioner/ada' };
  /** when ada is denied the record, and when not any more */
  const rows: readonly (readonly [what: string, consent: object, from: number, to: number])[] = [
    ['of all of it', { provision: { type: 'deny', period } }, NOON, ended],
    [
      'of an exception within an exception',
      { provision: { provision: [{ type: 'permit', provision: [{ type: 'deny', period }] }] } },
      NOON,
      ended,
    ],
    ['of a day', { provision: { type: 'deny', period: day } }, midnight, next],
    ['in the team that it permits', permitted('CareTeam/team'), NOON, ended],
  ];
  for (const [what, consent, from, to] of rows) {
    it(`${what} begins and ends in its moment`, async () => {
      clock.now = from - 40_000;
      const participant = [untilNoon, thereafter].map((period) => ({ member, period }));
      const team = { status: 'active', subject: { reference: 'Patient/ann' }, participant };
      await write({ resourceType: 'CareTeam', id: 'team', ...team });
      await write({ ...base, id: 'c', ...consent });
      await server.service.access!.consents.refresh();
      const seen: number[] = [];
      for (const time of [from - 1_000, from - 1, from, to - 1, to]) {
        clock.now = time;
        seen.push((await ask(ada, 'GET', 'Observation/lab')).status);
      }
      assert.deepEqual(seen, [200, 200, 404, 404, 200]);
    });
  }
});

describe('a consent where the server was not told its address', () => {
  it('names by the address that its answers have', async () => {
    const server = await startTestServer('access-consents-unnamed', { settings: { auth: 'on', linkBase: OWN } });
    const ask = askerOf(server);
    const security = [{ system: 'https://wardgate.dev/fhir/CodeSystem/owner', code: 'h1' }];
    const write = async (resource: { resourceType: string; id: string; [more: string]: unknown }) => {
      const { resourceType, id } = resource;
      const { status, text } = await ask(aCaller('admin'), 'PUT', `${resourceType}/${id}`, {
        ...resource,
        meta: { security },
      });
      assert.equal(status, 201, text);
    };
    const subject = { reference: 'Patient/ann' };
    await write({ resourceType: 'Patient', id: 'ann' });
    await write({ resourceType: 'Observation', id: 'lab', status: 'final', code: { text: 'x' }, subject });
    await write({
      ...base,
      id: 'c',
      patient: { reference: `${OWN}/Patient/ann` },
      ...denied(`${OWN}/Practitioner/ada/_history/1`),
    });
    await server.service.access!.consents.refresh();
    assert.equal((await ask(ada, 'GET', 'Observation/lab')).status, 404);
    assert.equal((await ask(bert, 'GET', 'Observation/lab')).status, 200);
    await server.close();
  });
});
