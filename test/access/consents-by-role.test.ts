// What each role sees of a patient who denies something, and that all ways of asking tell the same. Doctors, and what a consent may say, are in
// consents.test.ts.
import assert from 'node:assert/strict';
import type { Caller } from '../../src/fhir/auth/caller.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { type Ask, type Asked, aCaller, askerOf } from '../support/callers.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const OWNER = 'https://wardgate.dev/fhir/CodeSystem/owner';
const ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const CLINICAL = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical';
const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
const owner = { system: OWNER, code: 'h1' };
const coded = (system: string, code: string) => ({ coding: [{ system, code }] });
const ann = { reference: 'Patient/ann' };
const driver = { reference: 'Practitioner/driver' };
const laboratory = [coded('http://terminology.hl7.org/CodeSystem/observation-category', 'laboratory')];
const PSYCHIATRY = { system: ACT_CODE, code: 'PSY' };
const RESTRICTED = { system: CONFIDENTIALITY, code: 'R' };
const order = { status: 'active', intent: 'order', subject: ann };
const slot = { status: 'booked', participant: [{ actor: ann, status: 'accepted' }] };

/** by their ids; those with `psy` are labelled as psychiatry, `psy-secret` as restricted too */
const world: Record<string, object> = {
  'Patient/ann': { managingOrganization: { reference: 'Organization/h1' } },
  'Encounter/stay': { status: 'finished', class: { code: 'AMB' }, subject: ann },
  'Observation/lab': { status: 'final', code: { text: 'x' }, category: laboratory, subject: ann },
  'Observation/lab-psy': { status: 'final', code: { text: 'x' }, category: laboratory, subject: ann },
  'Condition/psy-secret': { subject: ann },
  'MedicationRequest/drug': { ...order, medicationCodeableConcept: { text: 'x' } },
  'MedicationDispense/given-psy': { status: 'completed', medicationCodeableConcept: { text: 'x' }, subject: ann },
  'ServiceRequest/order': { ...order, category: [coded('http://snomed.info/sct', '108252007')], code: { text: 'x' } },
  'AllergyIntolerance/nuts': {
    patient: ann,
    clinicalStatus: coded(CLINICAL, 'active'),
  },
  'Task/ride': { status: 'in-progress', intent: 'order', for: ann, owner: driver },
  'Appointment/soon': { ...slot, start: '2031-01-01T08:00:00Z', end: '2031-01-01T09:00:00Z' },
  'Appointment/soon-psy': { ...slot, start: '2031-02-01T08:00:00Z', end: '2031-02-01T09:00:00Z' },
  'Invoice/bill': { status: 'issued', subject: ann },
};

const staff = (role: string): Caller =>
  aCaller(role, { organizations: ['h1'], fhirUser: { type: 'Practitioner', id: role } });
const patient = { fhirUser: { type: 'Patient', id: 'ann' } };
const callers = {
  pharmacist: staff('pharmacist'),
  laboratory: staff('lab-technician'),
  'front desk': staff('receptionist'),
  driver: aCaller('ambulance-driver', { organizations: ['h1'], fhirUser: { type: 'Practitioner', id: 'driver' } }),
  'hospital administrator': staff('hospital-admin'),
  nurse: staff('nurse'),
  carer: aCaller('patient', { fhirUser: { type: 'RelatedPerson', id: 'mum' } }),
  donor: aCaller('donor', patient),
  "patient's app": aCaller('patient', { ...patient, patient: 'ann', scopes: ['patient/*.rs'] }),
  program: aCaller('x', { kind: 'client', roles: [], scopes: ['system/*.rs'] }),
} satisfies Record<string, Caller>;
type Who = keyof typeof callers;

const RECORD = 'stay lab lab-psy psy-secret drug given-psy order nuts';
const REST = 'ann ride soon soon-psy bill';
const EVERYTHING = `${RECORD} ${REST}`;
const all: Record<Who, string> = {
  pharmacist: 'drug given-psy nuts ann ride bill',
  laboratory: 'lab lab-psy order ann',
  'front desk': 'stay ann ride soon soon-psy bill',
  driver: 'nuts ann ride',
  'hospital administrator': 'stay ann ride soon soon-psy bill',
  nurse: 'stay lab lab-psy drug given-psy order nuts ann ride soon soon-psy',
  carer: EVERYTHING,
  donor: 'lab lab-psy order ann soon soon-psy',
  "patient's app": EVERYTHING,
  program: EVERYTHING,
};

const deny = (more: object) => ({ provision: { provision: [{ type: 'deny', ...more }] } });
const toActor = (reference: string) => ({
  actor: [{ role: coded('urn:x', 'x'), reference: { reference } }],
});
const without = (ids: RegExp, ...who: Who[]): Record<Who, string> => ({
  ...all,
  ...Object.fromEntries(
    who.map((one) => [
      one,
      all[one]
        .split(' ')
        .filter((id) => !ids.test(id))
        .join(' '),
    ]),
  ),
});
const OTHERS: Who[] = [
  'pharmacist',
  'laboratory',
  'front desk',
  'driver',
  'hospital administrator',
  'nurse',
  'program',
];
const ofRecord = new RegExp(`^(${RECORD.replaceAll(' ', '|')})$`);

const rows: readonly (readonly [what: string, consent: object, seen: Record<Who, string>])[] = [
  ['nothing', {}, all],
  ['the record', deny({}), without(ofRecord, ...OTHERS)],
  ['psychiatry', deny({ securityLabel: [PSYCHIATRY] }), without(/psy/, ...OTHERS)],
  ['what is restricted', deny({ securityLabel: [RESTRICTED] }), without(/secret/, 'program')],
  ['dispenses', deny({ class: [{ code: 'MedicationDispense' }] }), without(/given/, ...OTHERS)],
  [
    'a bill',
    deny({ data: [{ meaning: 'instance', reference: { reference: 'Invoice/bill' } }] }),
    without(/bill/, ...OTHERS),
  ],
  ['a pharmacist', deny(toActor('Practitioner/pharmacist')), without(ofRecord, 'pharmacist')],
  [
    'a driver, allergies',
    deny({ ...toActor('Practitioner/driver'), class: [{ code: 'AllergyIntolerance' }] }),
    without(/nuts/, 'driver'),
  ],
  // a program that acts for no hospital may act for any
  ['another hospital', deny(toActor('Organization/h2')), without(ofRecord, 'program')],
  ['a carer', deny(toActor('RelatedPerson/mum')), without(ofRecord, 'carer')],
  ['the patient herself', deny(toActor('Patient/ann')), all],
];

describe('what a patient denies', () => {
  let server: TestServer;
  let ask: Ask;
  const admin = aCaller('admin');

  const put = async (resource: Resource & { id: string }): Promise<void> => {
    const { status, text } = await ask(admin, 'PUT', `${resource.resourceType}/${resource.id}`, resource);
    assert.ok(status < 300, text);
  };

  before(async () => {
    server = await startTestServer('access-consents-by-role', { settings: { auth: 'on' } });
    ask = askerOf(server);
    const others = ['Organization/h1', 'Organization/h2', 'Practitioner/driver', 'Practitioner/pharmacist'];
    for (const name of others) {
      const [resourceType = '', id = ''] = name.split('/');
      await put({ resourceType, id, ...(resourceType === 'Organization' && { name: id }) });
    }
    for (const [name, content] of Object.entries(world)) {
      const [resourceType = '', id = ''] = name.split('/');
      const labels = [...(/psy/.test(id) ? [PSYCHIATRY] : []), ...(/secret/.test(id) ? [RESTRICTED] : [])];
      await put({ resourceType, id, meta: { security: [owner, ...labels] }, ...content } as Resource & { id: string });
    }
    await put({ resourceType: 'RelatedPerson', id: 'mum', active: true, patient: ann });
  });
  after(() => server.close());

  const names = Object.keys(world);
  const types = [...new Set(names.map((name) => name.slice(0, name.indexOf('/'))))];

  const idsIn = ({ body }: Asked): string[] =>
    (body?.entry ?? []).map(({ resource }: { resource: Resource }) => `${resource.resourceType}/${resource.id}`);

  /** what each way of asking tells of the world; undefined where the way is not the caller's */
  async function told(who: Caller): Promise<Record<string, readonly string[] | undefined>> {
    const read: string[] = [];
    const history: string[] = [];
    const vread: string[] = [];
    for (const name of names) {
      if ((await ask(who, 'GET', name)).status === 200) read.push(name);
      if ((await ask(who, 'GET', `${name}/_history`)).status === 200) history.push(name);
      if ((await ask(who, 'GET', `${name}/_history/1`)).status === 200) vread.push(name);
    }
    const found: string[] = [];
    for (const type of types) {
      const searched = await ask(who, 'GET', `${type}?_total=accurate`);
      const counted = await ask(who, 'GET', `${type}?_summary=count`);
      if (searched.status === 403) continue;
      assert.equal(counted.body.total, searched.body.total, type);
      assert.equal(searched.body.total, searched.body.entry?.length ?? 0, type);
      found.push(...idsIn(searched));
    }
    const around = await ask(who, 'GET', 'Patient?_id=ann&_revinclude=*&_count=100');
    const compartment = await ask(who, 'GET', 'Patient/ann/*?_count=100');
    const everything = await ask(who, 'GET', 'Patient/ann/$everything?_count=100');
    const system = await ask(who, 'GET', `?_type=${types.join()}&_count=100`);
    return {
      read,
      found,
      system: idsIn(system),
      history,
      vread,
      around: idsIn(around),
      compartment: idsIn(compartment),
      everything: idsIn(everything),
    };
  }

  const ofWorld = (some: readonly string[] = []): string[] =>
    names.filter((name) => some.includes(name)).map((name) => name.slice(name.indexOf('/') + 1));

  for (const [what, consent, seen] of rows) {
    it(`is ${what}, to each role and by all ways`, async () => {
      await put({
        ...{ resourceType: 'Consent', id: 'c', meta: { security: [owner] }, status: 'active', patient: ann },
        scope: coded('http://terminology.hl7.org/CodeSystem/consentscope', 'patient-privacy'),
        category: [coded('http://loinc.org', '59284-0')],
        policyRule: { coding: [{ code: 'OPTIN' }] },
        ...consent,
      });
      await server.service.access!.consents.refresh();
      for (const [name, caller] of Object.entries(callers) as [Who, Caller][]) {
        const { read, found, system, ...others } = await told(caller);
        const expected = names
          .map((one) => one.slice(one.indexOf('/') + 1))
          .filter((id) => seen[name].split(' ').includes(id));
        for (const way of [read, found, system]) assert.deepEqual(ofWorld(way), expected, name);
        for (const [way, some] of Object.entries(others))
          for (const id of ofWorld(some)) assert.ok(expected.includes(id), `${name} is told of ${id} by ${way}`);
      }
    });
  }
});
