// Two hospitals on one server: what one of them has can be neither used, changed, blocked nor taken over by people of the other, also where the
// hospital's rules, which see everything, would have done it for them.
import assert from 'node:assert/strict';
import { OWNER_SYSTEM } from '../../src/fhir/auth/access/owners.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { type Ask, type Asked, aCaller, askerOf } from '../support/callers.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const DEFINITIONS = 'https://wardgate.dev/fhir/StructureDefinition';
const BED = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/location-physical-type', code: 'bd' }],
};
const NOW = Date.parse('2026-11-23T08:00:00Z');

const staff = (role: string, more: Parameters<typeof aCaller>[1] = {}) =>
  aCaller(role, { organizations: ['h1'], fhirUser: { type: 'Practitioner', id: 'p1' }, ...more });
const admin = aCaller('admin');

const ownedBy = (hospital: string) => ({ meta: { security: [{ system: OWNER_SYSTEM, code: hospital }] } });
const item = (hospital: string) => ({
  ...ownedBy(hospital),
  meta: { ...ownedBy(hospital).meta, profile: [`${DEFINITIONS}/stock-item`] },
  identifier: [{ system: 'https://wardgate.dev/fhir/sid/sku', value: hospital }],
  extension: [{ url: `${DEFINITIONS}/stock-reorder-level`, valueQuantity: { value: 10, unit: 'box' } }],
  code: { text: 'Gloves' },
});
const slot = (schedule: string) => ({
  schedule: { reference: `Schedule/${schedule}` },
  status: 'free',
  start: '2026-11-24T09:00:00Z',
  end: '2026-11-24T09:30:00Z',
});

const world: Record<string, object> = {
  'Organization/h1': { name: 'First' },
  'Organization/h1-ward': { name: 'A ward', ...ownedBy('h1'), partOf: { reference: 'Organization/h1' } },
  'Organization/h2': { name: 'Second' },
  'Practitioner/shared': { name: [{ family: 'Nobody’s' }] },
  'Practitioner/theirs': ownedBy('h2'),
  'Patient/ours': ownedBy('h1'),
  'Patient/theirs': ownedBy('h2'),
  'Location/our-bed': { ...ownedBy('h1'), name: 'Ours', status: 'active', physicalType: BED },
  'Location/theirs': { ...ownedBy('h2'), name: 'Theirs', status: 'active', physicalType: BED },
  'Location/their-bed': { ...ownedBy('h2'), name: 'Theirs', status: 'active', physicalType: BED },
  'Schedule/ours': { ...ownedBy('h1'), actor: [{ reference: 'Practitioner/shared' }] },
  'Schedule/theirs': { ...ownedBy('h2'), actor: [{ reference: 'Practitioner/shared' }] },
  'Slot/ours': { ...ownedBy('h1'), ...slot('ours') },
  'Slot/theirs': { ...ownedBy('h2'), ...slot('theirs'), start: '2026-11-24T10:00:00Z', end: '2026-11-24T10:30:00Z' },
  'Substance/ours': item('h1'),
  'Substance/theirs': item('h2'),
};

const appointment = (...slots: string[]) => ({
  resourceType: 'Appointment',
  status: 'booked',
  start: '2026-11-24T10:00:00Z',
  end: '2026-11-24T10:30:00Z',
  slot: slots.map((id) => ({ reference: `Slot/${id}` })),
  participant: [{ actor: { reference: 'Patient/ours' }, status: 'accepted' }],
});
const encounter = (...beds: string[]) => ({
  resourceType: 'Encounter',
  status: 'in-progress',
  class: { code: 'IMP' },
  subject: { reference: 'Patient/ours' },
  ...(beds.length > 0 && {
    location: beds.map((id) => ({ location: { reference: `Location/${id}` }, status: 'active' })),
  }),
});
const delivery = (of: string) => ({
  resourceType: 'SupplyDelivery',
  status: 'completed',
  extension: [
    {
      url: `${DEFINITIONS}/stock-movement`,
      extension: [
        { url: 'direction', valueCode: 'receive' },
        {
          url: 'line',
          extension: [
            { url: 'lot', valueString: 'L1' },
            { url: 'quantity', valueQuantity: { value: 5, unit: 'box' } },
          ],
        },
      ],
    },
  ],
  suppliedItem: { quantity: { value: 5, unit: 'box' }, itemReference: { reference: `Substance/${of}` } },
});

describe('between two hospitals', () => {
  let server: TestServer;
  let ask: Ask;

  before(async () => {
    server = await startTestServer('access-borders', { settings: { auth: 'on' }, now: () => NOW });
    ask = askerOf(server);
    for (const [name, content] of Object.entries(world)) {
      const [resourceType, id] = name.split('/');
      const { status, text } = await ask(admin, 'PUT', name, { resourceType, id, ...content });
      assert.equal(status, 201, `${name} ${text}`);
    }
  });
  after(() => server.close());

  const stored = async (name: string): Promise<Resource & Record<string, unknown>> =>
    (await ask(admin, 'GET', name)).body;
  const MAY_BE_TAKEN = ['Slot/theirs', 'Substance/theirs', 'Location/theirs', 'Schedule/theirs', 'Slot/ours'];
  const versionsOf = (names: readonly string[]) =>
    Promise.all(names.map(async (name) => `${name} ${(await stored(name)).meta!.versionId}`));
  const refusal = ({ status, body, text }: Asked): string =>
    body?.issue === undefined
      ? `${status} ${text}`
      : `${status} ${body.issue[0].code} ${body.issue[0].diagnostics.replace(/theirs|their-bed|absent/g, '#')}`;

  for (const [what, role, path, of] of [
    ['a slot is not booked by an Appointment', 'receptionist', 'Appointment', (id: string) => appointment(id)],
    ['a slot beside an own one neither', 'receptionist', 'Appointment', (id: string) => appointment('ours', id)],
    ['a bed is not occupied by an Encounter', 'nurse', 'Encounter', (id: string) => encounter(id)],
    ['a schedule gets no slots', 'receptionist', 'Slot', (id: string) => ({ resourceType: 'Slot', ...slot(id) })],
    ['an item is not put into stock', 'hospital-admin', 'SupplyDelivery', (id: string) => delivery(id)],
  ] as const) {
    it(`${what}: it is as one that does not exist`, async () => {
      const before = await versionsOf(MAY_BE_TAKEN);
      const theirs = await ask(staff(role), 'POST', path, of('theirs'));
      const absent = await ask(staff(role), 'POST', path, of('absent'));
      assert.equal(theirs.status, 422, theirs.text);
      assert.equal(refusal(theirs), refusal(absent));
      const bundle = await ask(staff(role), 'POST', '', {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ resource: of('theirs'), request: { method: 'POST', url: path } }],
      });
      assert.equal(bundle.status, 422, bundle.text);
      assert.deepEqual(await versionsOf(MAY_BE_TAKEN), before);
    });
  }

  it('nor does a later version name what the first could not, but keeps what others wrote', async () => {
    const made = await ask(staff('nurse'), 'POST', 'Encounter', encounter());
    const { id } = made.body;
    const later = await ask(staff('nurse'), 'PUT', `Encounter/${id}`, { ...encounter('their-bed'), id });
    assert.equal(later.status, 422, later.text);
    const written = await ask(admin, 'PUT', `Encounter/${id}`, { ...made.body, ...encounter('their-bed'), id });
    assert.equal(written.status, 200, written.text);
    const kept = await ask(staff('nurse'), 'PUT', `Encounter/${id}`, { ...encounter('their-bed'), id, language: 'en' });
    assert.equal(kept.status, 200, kept.text);
    assert.equal((await ask(admin, 'DELETE', `Encounter/${id}`)).status, 204);
  });

  it('those whose it is can use it', async () => {
    const rightful = { ...encounter('theirs'), subject: { reference: 'Patient/theirs' } };
    const taken = await ask(staff('nurse', { organizations: ['h2'] }), 'POST', 'Encounter', rightful);
    assert.equal(taken.status, 201, taken.text);
    assert.equal((await stored('Location/theirs')).operationalStatus !== undefined, true);
  });

  it('an own bed is occupied and left as ever', async () => {
    const made = await ask(staff('nurse'), 'POST', 'Encounter', encounter('our-bed'));
    assert.equal(made.status, 201, made.text);
    assert.equal((await stored('Location/our-bed')).meta!.versionId, '2');
    const { id } = made.body;
    const left = await ask(staff('nurse'), 'PUT', `Encounter/${id}`, { ...encounter(), id, status: 'finished' });
    assert.equal(left.status, 200, left.text);
    assert.equal((await stored('Location/our-bed')).meta!.versionId, '3');
  });

  it('nobody makes another hospital a part of the own one, which would open its records', async () => {
    const boss = staff('hospital-admin');
    for (const [method, path, body, headers] of [
      [
        'PUT',
        'Organization/h2',
        { resourceType: 'Organization', id: 'h2', name: 'Second', partOf: { reference: 'Organization/h1' } },
        {},
      ],
      [
        'PATCH',
        'Organization/h2',
        [{ op: 'add', path: '/partOf', value: { reference: 'Organization/h1' } }],
        { 'content-type': 'application/json-patch+json' },
      ],
      ['DELETE', 'Organization/h2', undefined, {}],
      ['PUT', 'Practitioner/shared', { resourceType: 'Practitioner', id: 'shared' }, {}],
      ['DELETE', 'Practitioner/shared', undefined, {}],
    ] as const) {
      const answer = await ask(boss, method, path, body, headers);
      assert.equal(`${method} ${path} ${answer.status}`, `${method} ${path} 403`, answer.text);
    }
    assert.equal((await ask(boss, 'GET', 'Patient/theirs')).status, 404);
  });

  describe('the directory of a hospital', () => {
    const boss = staff('hospital-admin');
    const to = (reference: string) => ({ reference });
    for (const [type, content, expression] of [
      ['Organization', { name: 'Spy', partOf: to('Organization/h2') }, 'Organization.partOf.reference'],
      ['Organization', { name: 'Spy', partOf: to('Organization/h2/_history/1') }, 'Organization.partOf.reference'],
      ['Organization', { name: 'Spy', partOf: to('Organization/absent') }, 'Organization.partOf.reference'],
      ['PractitionerRole', { organization: to('Organization/h2') }, 'PractitionerRole.organization.reference'],
      ['PractitionerRole', { practitioner: to('Practitioner/theirs') }, 'PractitionerRole.practitioner.reference'],
      [
        'PractitionerRole',
        { location: [to('Location/our-bed'), to('Location/theirs')] },
        'PractitionerRole.location[1].reference',
      ],
      [
        'Location',
        { name: 'Spy', managingOrganization: to('Organization/h2') },
        'Location.managingOrganization.reference',
      ],
      ['Location', { name: 'Spy', partOf: to('Location/theirs') }, 'Location.partOf.reference'],
      ['HealthcareService', { providedBy: to('Organization/h2') }, 'HealthcareService.providedBy.reference'],
    ] as const) {
      it(`does not have ${type} ${JSON.stringify(content)}: that is as what does not exist`, async () => {
        const resource = { resourceType: type, ...content };
        const created = await ask(boss, 'POST', type, resource);
        assert.deepEqual([created.status, created.body.issue[0].expression], [422, [expression]], created.text);
        const { body: own } = await ask(boss, 'POST', type, {
          resourceType: type,
          ...(type !== 'PractitionerRole' && { name: 'Ours' }),
        });
        const updated = await ask(boss, 'PUT', `${type}/${own.id}`, { ...own, ...content });
        assert.ok([403, 422].includes(updated.status), updated.text);
        const [[element, value] = []] = Object.entries(content).filter(([name]) => name !== 'name');
        const patch = [{ op: 'add', path: `/${element}`, value }];
        const patched = await ask(boss, 'PATCH', `${type}/${own.id}`, patch, {
          'content-type': 'application/json-patch+json',
        });
        assert.equal(patched.status, updated.status, patched.text);
        const entry = [{ resource, request: { method: 'POST', url: type, ifNoneExist: '_id=none' } }];
        const bundle = await ask(boss, 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
        assert.equal(bundle.status, 422, bundle.text);
      });
    }

    for (const [type, content] of [
      ['Organization', { name: 'Another house' }],
      ['Organization', { name: 'Surgery', partOf: to('Organization/h1') }],
      ['Organization', { name: 'Room of the ward', partOf: to('Organization/h1-ward') }],
      [
        'PractitionerRole',
        {
          organization: to('Organization/h1-ward'),
          practitioner: to('Practitioner/shared'),
          location: [to('Location/our-bed')],
        },
      ],
      ['Location', { name: 'A bed', managingOrganization: to('Organization/h1'), partOf: to('Location/our-bed') }],
      ['HealthcareService', { providedBy: to('Organization/h1') }],
    ] as const) {
      it(`has ${type} ${JSON.stringify(content)}`, async () => {
        const { status, text } = await ask(boss, 'POST', type, { resourceType: type, ...content });
        assert.equal(status, 201, text);
      });
    }

    it('comes in one transaction, of which one part names another', async () => {
      const [house, ward] = [
        'urn:uuid:5e6f0e5a-3c1c-4b5e-9d7e-000000000001',
        'urn:uuid:5e6f0e5a-3c1c-4b5e-9d7e-000000000002',
      ];
      const post = (fullUrl: string, resource: { resourceType: string }) => ({
        fullUrl,
        resource,
        request: { method: 'POST', url: resource.resourceType },
      });
      const { status, text } = await ask(boss, 'POST', '', {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [
          post(ward, { resourceType: 'Organization', name: 'Ward', partOf: to(house) } as Resource),
          post(house, { resourceType: 'Organization', name: 'House' } as Resource),
        ],
      });
      assert.equal(status, 200, text);
    });
  });

  it('but an administrator keeps the own hospital and its parts', async () => {
    const boss = staff('hospital-admin');
    for (const id of ['h1', 'h1-ward']) {
      const { body } = await ask(boss, 'GET', `Organization/${id}`);
      const answer = await ask(boss, 'PUT', `Organization/${id}`, { ...body, alias: ['The best'] });
      assert.equal(answer.status, 200, answer.text);
    }
  });

  it('what a patient asks for belongs to the hospital whose patient it is, which so sees it', async () => {
    const patient = aCaller('patient', { fhirUser: { type: 'Patient', id: 'ours' } });
    const wish = { ...appointment(), slot: undefined, status: 'proposed', start: undefined, end: undefined };
    const made = await ask(patient, 'POST', 'Appointment', JSON.parse(JSON.stringify(wish)));
    assert.equal(made.status, 201, made.text);
    const at = `Appointment/${made.body.id}`;
    assert.equal((await ask(staff('receptionist'), 'GET', at)).status, 200);
    assert.equal((await ask(staff('receptionist', { organizations: ['h2'] }), 'GET', at)).status, 404);
  });

  it('the same idempotency key is two keys', async () => {
    const headers = { 'idempotency-key': 'monday' };
    const book = (organization: string, slotId: string, patient: string) =>
      ask(
        staff('receptionist', { organizations: [organization], id: `account-of-${organization}` }),
        'POST',
        'Appointment/$book',
        {
          resourceType: 'Parameters',
          parameter: [
            { name: 'slot', valueReference: { reference: `Slot/${slotId}` } },
            { name: 'patient', valueReference: { reference: `Patient/${patient}` } },
          ],
        },
        headers,
      );
    const first = await book('h2', 'theirs', 'theirs');
    assert.equal(first.status, 201, first.text);
    const second = await book('h1', 'ours', 'ours');
    assert.equal(second.status, 201, second.text);
    assert.notEqual(first.body.id, second.body.id);
    assert.equal((await book('h1', 'ours', 'ours')).body.id, second.body.id);
  });
});
