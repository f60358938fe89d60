// What is looked up for a role: whom a doctor has in care (DOCTORS_SEE=care) and which ambulance a driver moves, by what makes it so and for how long.
import assert from 'node:assert/strict';
import { OWNER_SYSTEM } from '../../src/fhir/auth/access/owners.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { type Ask, aCaller, askerOf } from '../support/callers.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const me = { reference: 'Practitioner/doc' };
const other = { reference: 'Practitioner/other' };
const over = { start: '2019-01-01', end: '2020-12-31' };
const toCome = { start: '2999-01-01' };
const still = { start: '2020-01-01', end: '2999-12-31' };

const team = (participant: object[], more: object = {}) => ({
  resourceType: 'CareTeam',
  status: 'active',
  participant,
  ...more,
});
const visit = (status: string) => ({
  resourceType: 'Encounter',
  status,
  class: { code: 'AMB' },
  participant: [{ individual: me }],
});
const booked = (status: string, patient: object) => ({
  resourceType: 'Appointment',
  status,
  participant: [
    { actor: patient, status: 'accepted' },
    { actor: me, status: 'accepted' },
  ],
});

const rows: readonly [why: string, isInCare: boolean, of: (patient: { reference: string }) => object][] = [
  ['nothing', false, (patient) => team([{ member: other }], { subject: patient })],
  ['a team', true, (subject) => team([{ member: me }], { subject })],
  ['a team in which the doctor still is', true, (subject) => team([{ member: me, period: still }], { subject })],
  ['a team that the doctor left', false, (subject) => team([{ member: me, period: over }], { subject })],
  ['a team to be joined', false, (subject) => team([{ member: me, period: toCome }], { subject })],
  [
    'a team that the doctor left and joined again',
    true,
    (subject) => team([{ member: me, period: over }, { member: me }], { subject }),
  ],
  [
    'a team that the doctor left, and others did not',
    false,
    (subject) => team([{ member: me, period: over }, { member: other }], { subject }),
  ],
  ['a team that is over', false, (subject) => team([{ member: me }], { subject, period: over })],
  ['a team that is suspended', false, (subject) => team([{ member: me }], { subject, status: 'suspended' })],
  ['an encounter', true, (subject) => ({ ...visit('finished'), subject })],
  ['an encounter that was cancelled', false, (subject) => ({ ...visit('cancelled'), subject })],
  ['an appointment', true, (patient) => booked('booked', patient)],
  ['an appointment that was cancelled', false, (patient) => booked('cancelled', patient)],
];

/** writes what is the hospital's */
const writerOn =
  ({ store }: TestServer) =>
  async ({ resourceType: type, id, ...more }: Resource & { id: string }): Promise<void> => {
    const security = [{ system: OWNER_SYSTEM, code: 'h1' }];
    await store.write({ kind: 'update', type, id, resource: { resourceType: type, id, ...more, meta: { security } } });
  };

describe('a doctor’s patients, with DOCTORS_SEE=care, are in care by', () => {
  let server: TestServer;
  let ask: Ask;
  const doctor = aCaller('doctor', { organizations: ['h1'], fhirUser: { type: 'Practitioner', id: 'doc' } });
  before(async () => {
    server = await startTestServer('in_care', { settings: { auth: 'on', doctorsSee: 'care' } });
    ask = askerOf(server);
    const write = writerOn(server);
    await write({ resourceType: 'Organization', id: 'h1' });
    for (const [index, [, , of]] of rows.entries()) {
      const id = `p${index}`;
      await write({ resourceType: 'Patient', id });
      await write({ ...(of({ reference: `Patient/${id}` }) as Resource), id: `why${index}` });
    }
  });
  after(() => server.close());

  for (const [index, [why, isInCare]] of rows.entries()) {
    it(`${why}: ${isInCare ? 'yes' : 'no'}`, async () => {
      assert.equal((await ask(doctor, 'GET', `Patient/p${index}`)).status, isInCare ? 200 : 404);
      const { body } = await ask(doctor, 'GET', `Patient?_id=p${index}`);
      assert.equal(body.total, isInCare ? 1 : 0);
    });
  }
});

describe('an ambulance is moved by a driver whose role there', () => {
  let server: TestServer;
  let ask: Ask;
  const driver = aCaller('ambulance-driver', { organizations: ['h1'], fhirUser: { type: 'Practitioner', id: 'doc' } });
  const roles: readonly [what: string, mayMove: boolean, role: object][] = [
    ['has no period', true, {}],
    ['goes on', true, { period: still }],
    ['is over', false, { period: over }],
    ['is to come', false, { period: toCome }],
    ['is not active', false, { active: false }],
    ['is somebody else’s', false, { practitioner: other }],
  ];
  before(async () => {
    server = await startTestServer('ambulances', { settings: { auth: 'on' } });
    ask = askerOf(server);
    const write = writerOn(server);
    for (const [index, [, , role]] of roles.entries()) {
      await write({ resourceType: 'Location', id: `car${index}` });
      const location = [{ reference: `Location/car${index}` }];
      await write({ resourceType: 'PractitionerRole', id: `r${index}`, practitioner: me, location, ...role });
    }
  });
  after(() => server.close());

  for (const [index, [what, mayMove]] of roles.entries()) {
    it(`${what}: ${mayMove ? 'yes' : 'no'}`, async () => {
      const { body } = await ask(driver, 'GET', `Location/car${index}`);
      const moved = await ask(driver, 'PUT', `Location/car${index}`, {
        ...body,
        position: { longitude: 13.4, latitude: 52.5 },
      });
      assert.equal(moved.status, mayMove ? 200 : 403, moved.text);
    });
  }
});
