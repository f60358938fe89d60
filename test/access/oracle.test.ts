// Everybody sees what the policies say, and nothing else: a world of every type, in every hospital, of several patients, with and without labels and
// consents, asked about by every role in every way; each answer is compared with what test/support/naive-access.ts worked out by itself.
import assert from 'node:assert/strict';
import { OWNER_SYSTEM } from '../../src/fhir/auth/access/owners.ts';
import type { Caller } from '../../src/fhir/auth/caller.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { parametersOf } from '../../src/fhir/search/index.ts';
import { anyResource } from '../support/any-resource.ts';
import { type Ask, type Asked, aCaller, askerOf } from '../support/callers.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';
import { type NaiveAccess, naiveAccess } from '../support/naive-access.ts';
import { rotation } from '../support/rotation.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const LAB = 'http://terminology.hl7.org/CodeSystem/observation-category';
const doctor = { type: 'Practitioner', id: 'Practitioner-0' };
const mine = { type: 'Patient', id: 'Patient-0' };

const staff = (role: string, more: Partial<Caller> = {}): Caller =>
  aCaller(role, { organizations: ['h1'], fhirUser: doctor, ...more });

const IN_CARE = 'a doctor who sees those in care only';

const callers: Readonly<Record<string, Caller>> = {
  admin: aCaller('admin'),
  'hospital-admin': staff('hospital-admin'),
  doctor: staff('doctor'),
  nurse: staff('nurse'),
  receptionist: staff('receptionist'),
  pharmacist: staff('pharmacist'),
  'lab-technician': staff('lab-technician'),
  'ambulance-driver': staff('ambulance-driver'),
  patient: aCaller('patient', { fhirUser: mine }),
  donor: aCaller('donor', { fhirUser: mine }),
  [IN_CARE]: staff('doctor'),
  'a doctor of the other hospital': staff('doctor', { organizations: ['h2'], fhirUser: undefined! }),
  'a receptionist here who is a doctor there': staff('x', {
    roles: ['receptionist@h1', 'doctor@h2'],
    organizations: ['h1', 'h2'],
  }),
  'a doctor without a hospital': staff('doctor', { organizations: [] }),
  'a nurse who is a patient elsewhere': staff('x', {
    roles: ['nurse', 'patient'],
    organizations: ['h2'],
    fhirUser: mine,
  }),
  'a pharmacist and receptionist': staff('x', { roles: ['pharmacist', 'receptionist'] }),
  "a patient's laboratory app": aCaller('patient', {
    fhirUser: mine,
    patient: mine.id,
    scopes: [
      `patient/Observation.rs?category=${LAB}|laboratory`,
      'patient/Patient.r',
      'patient/List.read',
      'user/Practitioner.s',
    ],
  }),
  "a doctor's app on one patient": staff('doctor', { patient: mine.id, scopes: ['patient/*.rs', 'launch'] }),
  "a doctor's app": staff('doctor', { scopes: ['user/*.s', 'user/Encounter.read'] }),
  'a program': aCaller('x', { kind: 'client', roles: [], organizations: ['h1'], scopes: ['system/*.rs'] }),
  'a program without a patient': aCaller('x', {
    kind: 'client',
    roles: [],
    scopes: ['patient/*.rs', 'system/Condition.s'],
  }),
  anybody: aCaller('x', { kind: 'anonymous', id: '', roles: [] }),
};

interface Variant {
  owner?: string;
  patient: number;
  more?: object;
  security?: object[];
}

const RESTRICTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' };
const coded = (system: string, code: string) => [{ coding: [{ system, code }] }];

/** 0 mine, 1 of another patient there, 2 of the other hospital, 3 nobody's, 4 restricted, 5 of who denies, 6 of a department, and special */
const variants: readonly Variant[] = [
  { owner: 'h1', patient: 0 },
  { owner: 'h1', patient: 1 },
  { owner: 'h2', patient: 2 },
  { patient: 0 },
  { owner: 'h1', patient: 0, security: [RESTRICTED] },
  { owner: 'h1', patient: 5 },
  { owner: 'h1-ward', patient: 1 },
];

/** What the criteria of policies speak of. */
const special: Readonly<Record<string, (variant: number) => object>> = {
  Observation: (variant) => ({ category: coded(LAB, variant % 2 === 0 ? 'laboratory' : 'vital-signs') }),
  DiagnosticReport: (variant) => ({
    category: coded('http://terminology.hl7.org/CodeSystem/v2-0074', variant % 2 === 0 ? 'LAB' : 'RAD'),
  }),
  ServiceRequest: (variant) => ({
    category: coded('http://snomed.info/sct', variant % 2 === 0 ? '108252007' : '363679005'),
  }),
  MedicationRequest: (variant) => ({ status: variant === 1 ? 'draft' : 'active' }),
  DocumentReference: (variant) => ({ author: [{ reference: `Practitioner/Practitioner-${variant % 2}` }] }),
  Task: (variant) => ({
    status: variant === 0 ? 'in-progress' : 'completed',
    owner: { reference: `Practitioner/Practitioner-${variant % 3}` },
    for: { reference: `Patient/Patient-${variants[variant]!.patient}` },
    ...(variant === 5 && {
      code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
    }),
  }),
  Binary: (variant) => ({
    contentType: 'text/plain',
    securityContext: {
      reference: `${variant % 2 === 0 ? 'DocumentReference' : 'Observation'}/${variant % 2 === 0 ? 'DocumentReference' : 'Observation'}-${variant}`,
    },
  }),
  Appointment: (variant) => ({
    status: 'booked',
    participant: [
      { actor: { reference: `Patient/Patient-${variants[variant]!.patient}` }, status: 'accepted' },
      ...(variant === 1 ? [{ actor: { reference: 'Practitioner/Practitioner-0' }, status: 'accepted' }] : []),
    ],
  }),
  Consent: (variant) => ({
    status: 'active',
    scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
    ...(variant === 5 && { policyRule: { coding: [{ code: 'OPTOUT' }] } }),
  }),
};

/** What such resources have beside what they must have, so that there is something to hide. */
const besides: Readonly<Record<string, object>> = {
  Patient: {
    maritalStatus: { text: 'm' },
    telecom: [{ value: '1' }],
    contact: [{ name: { text: 'k' } }],
    name: [{ text: 'n' }],
  },
  Encounter: {
    reasonCode: [{ text: 'why' }],
    diagnosis: [{ condition: { reference: 'Condition/Condition-0' } }],
    period: { start: '2024' },
  },
  Appointment: {
    reasonReference: [{ reference: '#why' }],
    contained: [{ resourceType: 'Condition', id: 'why', subject: { display: 'x' } }],
  },
  Practitioner: { address: [{ text: 'home' }], birthDate: '1970-01-01' },
};

const MARK = /urn:mark:([A-Za-z]+-\d)/g;
const nameOf = ({ resourceType, id }: { resourceType: string; id?: string }): string => `${resourceType}/${id}`;

describe('everybody sees what the policies say', function () {
  const turn = rotation(64);
  const turnOfPatients = rotation(5);
  this.timeout(turn.timeout);
  let server: TestServer;
  let database: FreshDatabase;
  /** the same with DOCTORS_SEE=care */
  let caring: TestServer;
  let ask: Ask;
  let types: string[];
  let tried = 0;
  let compared = 0;
  const world: Resource[] = [];
  const byName = new Map<string, Resource>();

  const add = async (resource: Resource): Promise<void> => {
    world.push(resource);
    byName.set(nameOf(resource), resource);
    await server.store.write({ kind: 'update', type: resource.resourceType, id: resource.id!, resource });
  };

  before(async () => {
    database = await freshDatabase('access-oracle');
    const settings = { auth: 'on', validationInvariants: false, maxPageSize: 5000 } as const;
    server = await startTestServer('access-oracle', { database, settings });
    caring = await startTestServer('access-oracle', { database, settings: { ...settings, doctorsSee: 'care' } });
    ask = askerOf(server);
    const { definitions } = server.engine;
    types = definitions.resourceTypes.filter((type) => !['Parameters', 'Bundle', 'AuditEvent'].includes(type));
    await add({ resourceType: 'Organization', id: 'h1', meta: { source: 'urn:mark:Hospital-1' } });
    await add({ resourceType: 'Organization', id: 'h2', meta: { source: 'urn:mark:Hospital-2' } });
    const ward = { resourceType: 'Organization', id: 'h1-ward', partOf: { reference: 'Organization/h1' } };
    await add({ ...ward, meta: { source: 'urn:mark:Hospital-3' } });
    for (const type of types)
      await Promise.all(
        variants.map(async ({ owner, patient, security = [] }, variant) => {
          const id = `${type}-${variant}`;
          const owned = owner === undefined ? [] : [{ system: OWNER_SYSTEM, code: owner }];
          const all = [...owned, ...security];
          await add({
            ...anyResource(definitions, type, `Patient-${patient}`),
            ...besides[type],
            ...special[type]?.(variant),
            id,
            meta: {
              source: `urn:mark:${id}`,
              tag: [{ code: `tag-${id}`.toLowerCase() }],
              ...(all.length > 0 && { security: all }),
            },
          });
        }),
      );
    // a list of each type's, which those see who see lists
    for (const type of types)
      await add({
        ...anyResource(definitions, 'List', mine.id),
        id: `hub-${type}`,
        meta: { security: [{ system: OWNER_SYSTEM, code: 'h1' }], source: `urn:mark:${type}-8` },
        entry: variants.map((_, variant) => ({ item: { reference: `${type}/${type}-${variant}` } })),
      });
    // what comes with the server
    for (const type of types) {
      const { body } = await ask(aCaller('admin'), 'GET', `${type}?_count=5000`);
      const entries = (body.entry ?? []) as { resource: Resource }[];
      world.push(...entries.map(({ resource }) => resource).filter((one) => !byName.has(nameOf(one))));
    }
    for (const one of [server, caring]) await one.service.access!.consents.refresh();
  });

  after(async () => {
    console.log(
      `      access: ${tried.toLocaleString('en')} requests, ${compared.toLocaleString('en')} answers compared (${turn.name})`,
    );
    await caring.close();
    await server.close();
    await database.drop();
  });

  /** Whatever was asked: nothing in the answer is of what the caller does not see, nor an element that it is not shown. */
  function overshare({ body, text }: Asked, naive: NaiveAccess): string[] {
    const told: string[] = [];
    for (const [, id = ''] of text.matchAll(MARK)) {
      const resource = world.find(({ meta }) => meta?.source === `urn:mark:${id}`)!;
      if (!['r', 's', 'h'].some((letter) => naive.sees(resource, letter))) told.push(`shows ${nameOf(resource)}`);
    }
    const resources = [body, ...(body?.entry ?? []).flatMap((entry: { resource?: unknown }) => entry.resource ?? [])];
    for (const one of resources as Resource[]) {
      const stored = one && byName.get(nameOf(one));
      if (!stored) continue;
      const hidden = naive.hiddenIn(stored, one);
      if (hidden.length > 0) told.push(`shows ${nameOf(one)}.${hidden.join()}`);
      if (
        JSON.stringify(one).includes('"why"') &&
        naive.hiddenIn(stored, { resourceType: one.resourceType, reasonReference: 1 }).length > 0
      )
        told.push(`shows what ${nameOf(one)} contains`);
    }
    return told;
  }

  const found = ({ body }: Asked, mode: string): string[] =>
    (body?.entry ?? [])
      .filter((entry: { search?: { mode?: string } }) => entry.search?.mode === mode)
      .map((entry: { resource: Resource }) => nameOf(entry.resource))
      .sort();

  for (const [index, [who, caller]] of Object.entries(callers).entries()) {
    it(`to ${who}`, async () => {
      const { definitions } = server.engine;
      const isCare = who === IN_CARE;
      const ask = askerOf(isCare ? caring : server);
      const naive = naiveAccess(caller, world, { definitions, isCare });
      const wrong: string[] = [];
      const get = async (path: string): Promise<Asked> => {
        tried++;
        const answer = await ask(caller, 'GET', path);
        for (const told of overshare(answer, naive)) wrong.push(`GET ${path} ${told}`);
        if (answer.status >= 500) wrong.push(`GET ${path} → ${answer.status} ${answer.text}`);
        return answer;
      };
      const same = (path: string, actual: unknown, expected: unknown): void => {
        compared++;
        if (JSON.stringify(actual) !== JSON.stringify(expected))
          wrong.push(`GET ${path} → ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
      };
      const refusedAs = caller.kind === 'anonymous' ? 401 : 403;
      const seenOf = (type: string, letter: string): Resource[] =>
        world.filter((one) => one.resourceType === type && naive.sees(one, letter));
      /** as the other end of a join: what can be searched, else what can be read */
      const joined = (type: string): Resource[] => seenOf(type, naive.may(type, 's') ? 's' : 'r');

      const search = async (path: string, type: string, meets: (one: Resource) => boolean): Promise<void> => {
        const answer = await get(`${path}${path.includes('?') ? '&' : '?'}_count=5000&_total=accurate`);
        if (!naive.may(type, 's')) return same(path, answer.status, refusedAs);
        // what speaks of something hidden is refused, which tells nothing
        if (answer.status === 403 && naive.hidesPartOf(type)) return;
        const expected = seenOf(type, 's').filter(meets);
        same(
          path,
          [answer.status, found(answer, 'match'), answer.body?.total],
          [200, expected.map(nameOf).sort(), expected.length],
        );
      };

      const ofType = async (type: string): Promise<void> => {
        const { byCode, patient } = parametersOf(definitions, type);
        const code = byCode.has('patient') ? 'patient' : patient;
        const all = world.filter((one) => one.resourceType === type && one.id!.startsWith(`${type}-`));
        for (const one of all) {
          const path = nameOf(one);
          const sees = naive.sees(one, 'r');
          const status = sees ? 200 : naive.may(type, 'r') ? 404 : refusedAs;
          same(path, (await get(path)).status, status);
          same(`${path}/_history/1`, (await get(`${path}/_history/1`)).status, status);
          await get(`${path}/_history`);
          await get(`${path}/$meta`);
          await search(`${type}?_tag=tag-${one.id!.toLowerCase()}`, type, (other) => other === one);
        }
        const ids = all.map(({ id }) => id).join();
        await search(type, type, () => true);
        await search(`${type}?_id=${ids}&_sort=-_lastUpdated`, type, (one) => all.includes(one));
        await search(`${type}?_id=${ids}&_sort=_id&_elements=id`, type, (one) => all.includes(one));
        await search(`${type}?_id:not=${ids}`, type, ({ id }) => !ids.split(',').includes(id!));
        await search(
          `${type}?_tag:not=tag-${type}-2`.toLowerCase().replace(type.toLowerCase(), type),
          type,
          ({ id }) => id !== `${type}-2`,
        );
        await search(`${type}?_filter=_tag eq tag-${type.toLowerCase()}-2`, type, ({ id }) => id === `${type}-2`);
        await search(`${type}?_security=${OWNER_SYSTEM}|h2`, type, (one) => JSON.stringify(one.meta).includes('"h2"'));
        const count = await get(`${type}?_summary=count`);
        if (naive.may(type, 's')) same(`${type}?_summary=count`, count.body?.total, seenOf(type, 's').length);
        const estimate = await get(`${type}?_total=estimate&_count=2`);
        if (
          naive.may(type, 's') &&
          (estimate.body?.total ?? 0) > world.filter((one) => one.resourceType === type).length
        )
          wrong.push(`${type} estimates ${estimate.body.total}`);

        const hub = byName.get(`List/hub-${type}`)!;
        if (naive.sees(hub, 's')) {
          await search(`${type}?_list=hub-${type}`, type, (one) => all.includes(one));
          const path = `List?_id=hub-${type}&_include=List:item`;
          const included = seenOf(type, naive.may(type, 'r') ? 'r' : 's').filter((one) => all.includes(one));
          same(
            path,
            found(await get(path), 'include'),
            included
              .filter((one) => one !== hub)
              .map(nameOf)
              .sort(),
          );
        }
        if (code !== undefined) {
          const ofPatient = (one: Resource, id: string): boolean => naive.refers(one, code, `Patient/${id}`);
          for (const id of ['Patient-0', 'Patient-2']) {
            await search(`${type}?${code}=Patient/${id}`, type, (one) => ofPatient(one, id));
            const isPatientSeen = joined('Patient').some((one) => one.id === id);
            await search(
              `${type}?${code}:Patient._tag=tag-${id.toLowerCase()}`,
              type,
              (one) => isPatientSeen && ofPatient(one, id),
            );
            await search(`Patient?_has:${type}:${code}:_tag=tag-${type.toLowerCase()}-2`, 'Patient', (one) =>
              joined(type).some((other) => other.id === `${type}-2` && ofPatient(other, one.id!)),
            );
            if (definitions.compartments.get('Patient')?.members.get(type)?.length)
              await search(`Patient/${id}/${type}`, type, (one) => naive.isInCompartment(one, id));
          }
          await get(`Patient?_id=Patient-0,Patient-1,Patient-2,Patient-5&_revinclude=${type}:${code}&_include=*`);
          await get(`${type}?_include=${type}:${code}&_revinclude=*`);
        }
        await get(`?_type=${type},Patient&_count=5000`);
        await get(`${type}/_history?_count=5000`);
        await get(`${type}/$meta`);
        const entry = all.map((one) => ({ request: { method: 'GET', url: nameOf(one) } }));
        tried++;
        const batch = await ask(caller, 'POST', '', { resourceType: 'Bundle', type: 'batch', entry });
        wrong.push(...overshare(batch, naive).map((told) => `batch of ${type} ${told}`));
        if (caller.kind === 'anonymous') return;
        const statuses = batch.body.entry.map((one: { response: { status: string } }) =>
          Number(one.response.status.slice(0, 3)),
        );
        const expected = all.map((one) => (naive.sees(one, 'r') ? 200 : naive.may(type, 'r') ? 404 : refusedAs));
        same(`batch of ${type}`, statuses, expected);
      };

      for (const [at, type] of types.entries()) if (turn.isDue(index, at)) await ofType(type);
      for (const [at, id] of ['Patient-0', 'Patient-1', 'Patient-2', 'Patient-3', 'Patient-5'].entries()) {
        if (!turnOfPatients.isDue(index, at)) continue;
        await get(`Patient/${id}/$everything?_count=5000`);
        await get(`Patient/${id}/*?_count=5000`);
        await get(`Patient/${id}/$summary`);
        await get(`Observation/$lastn?patient=Patient/${id}`);
      }
      await get('_history?_count=5000');
      assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} answers are wrong`);
    });
  }

  it('and may run the operations that their policies list', () => {
    const { access, operations } = server.service;
    const wrong: string[] = [];
    for (const [who, caller] of Object.entries(callers)) {
      const naive = naiveAccess(caller, world, server.engine);
      for (const { code, levels, types: on } of operations.definitions()) {
        for (const level of levels) {
          const type = level === 'system' ? undefined : on[0] === 'Resource' ? 'Observation' : on[0]!;
          tried++;
          const target = {
            kind: 'operation',
            level,
            code,
            ...(type && { type }),
            ...(level === 'instance' && { id: 'x' }),
          };
          let isAllowed = true;
          try {
            access!.decide(caller, target as Parameters<NonNullable<typeof access>['decide']>[1]);
          } catch {
            isAllowed = false;
          }
          // a token's scopes and what it needs besides may take away, never give
          if (isAllowed && !naive.mayRun(code, type)) wrong.push(`${who} may run ${type ?? ''}$${code}`);
        }
      }
    }
    assert.deepEqual(wrong, []);
  });
});
