// `npm start` as a newcomer meets it: what goes wrong in one line, and what survives.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../src/platform/clock/clock.ts';
import { freshDatabase, mongodbUri, redisUrl } from '../support/engines.ts';
import { createFhirClient } from '../support/fhir-client.ts';
import { busyPort, killAll, type StartedServer, startWardgate, wardgate } from '../support/processes.ts';

/** not for the role: 403 */
const NOT = '-';
const PATIENT = '4b3ac026-29d1-1d25-d4a4-419f2eb8390b';
const DONOR = '08ac7eaf-8e87-96a5-4065-91c5919f3b65';

const clinical = { Encounter: '', Condition: '', Observation: '', MedicationRequest: '', ServiceRequest: '' };
const nothingClinical = { Condition: NOT, Observation: NOT, MedicationRequest: NOT, ServiceRequest: NOT };

/** What each demo account sees (docs/access.md): as much as an administrator does with this query. */
const seen: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'hospital-admin': {
    ...{ ...nothingClinical, Patient: '', Encounter: '', Appointment: '', Slot: '', Claim: '', Invoice: '' },
    ...{ Substance: '', Practitioner: '', Task: '' },
  },
  doctor: {
    ...{ ...clinical, Patient: '', AllergyIntolerance: '', Appointment: '', Slot: '', Invoice: '', Task: '' },
    ...{ Claim: NOT, SupplyDelivery: NOT, AuditEvent: NOT },
  },
  nurse: {
    ...{ ...clinical, Patient: '', AllergyIntolerance: '', Appointment: '', Slot: '', Task: '' },
    ...{ Claim: NOT, Invoice: NOT, SupplyDelivery: NOT, AuditEvent: NOT },
  },
  receptionist: {
    ...{ ...nothingClinical, Patient: '', Encounter: '', Appointment: '', Slot: '', Invoice: '' },
    ...{ Claim: NOT, Substance: NOT, AuditEvent: NOT },
  },
  pharmacist: {
    ...{ Patient: '', MedicationRequest: '?status:not=draft', AllergyIntolerance: '', Substance: '' },
    ...{ SupplyDelivery: '', Invoice: '', Encounter: NOT, Condition: NOT, Observation: NOT, ServiceRequest: NOT },
  },
  'lab-technician': {
    Patient: '',
    ServiceRequest: '?category=http://snomed.info/sct|108252007',
    Specimen: '',
    Observation: '?category=laboratory',
    DiagnosticReport: '?category=http://terminology.hl7.org/CodeSystem/v2-0074|LAB',
    ...{ Encounter: NOT, Condition: NOT, MedicationRequest: NOT, Invoice: NOT },
  },
  'ambulance-driver': {
    ...{ ...nothingClinical, Task: '?owner=Practitioner/demo-ortega', Location: '', Encounter: NOT },
    Patient: '?_id=13e83f3d-c91b-cfd7-afa4-6a23c79a50e5',
  },
  patient: {
    Patient: `?_id=${PATIENT}`,
    ...{ Encounter: `?patient=${PATIENT}`, Observation: `?patient=${PATIENT}`, Appointment: `?patient=${PATIENT}` },
    ...{ MedicationRequest: `?patient=${PATIENT}`, Invoice: `?patient=${PATIENT}`, Claim: `?patient=${PATIENT}` },
    ...{ Practitioner: '', Location: '', Substance: NOT },
  },
  donor: {
    ...{ Patient: `?_id=${DONOR}`, Appointment: `?patient=${DONOR}`, Procedure: `?patient=${DONOR}` },
    ...{ Location: '', Slot: '', Condition: NOT, MedicationRequest: NOT, Invoice: NOT },
  },
};

describe('npm start', function () {
  this.timeout(180_000);
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'wardgate-start-'));
  });
  after(() => {
    killAll();
    rmSync(folder, { recursive: true, force: true });
  });

  describe('ends with one clear line', () => {
    const refused = async (environment: Record<string, string>, code: number, line: RegExp): Promise<void> => {
      const finished = await wardgate(['start'], {
        PORT: '0',
        SEED: 'none',
        DATA_DIR: join(folder, 'x'),
        ...environment,
      });
      assert.equal(finished.errors.length, 1, finished.errors.join('\n'));
      assert.match(finished.errors[0]!, line);
      assert.equal(finished.code, code);
    };

    it('when the port is busy', async () => {
      const busy = await busyPort();
      await refused({ PORT: String(busy.port) }, 1, new RegExp(`^Port ${busy.port} is in use\\..*PORT`));
      busy.close();
    });

    it('when MONGODB_URI leads nowhere', async () => {
      const environment = { MONGODB_URI: 'mongodb://ward:hunter2@127.0.0.1:9/x', REDIS_URL: await redisUrl() };
      await refused(environment, 1, /^MONGODB_URI \(127\.0\.0\.1:9\) cannot be used: (?!.*hunter2)/);
    });

    it('when MONGODB_URI cannot be read', () =>
      refused({ MONGODB_URI: 'db:27017' }, 2, /^Wrong setting: MONGODB_URI must be/));

    it('when profiles are enforced on a type that FHIR does not have', () =>
      refused({ VALIDATION_ENFORCED: 'Patiant=http://x' }, 2, /^VALIDATION_ENFORCED: .* type 'Patiant'/));

    it('when the data folder cannot be written', async () => {
      const file = join(folder, 'a-file');
      writeFileSync(file, '');
      await refused({ DATA_DIR: join(file, 'data') }, 1, /^The data folder .* cannot be written \(ENOTDIR\)/);
    });

    it('when it would open every record to the network', () =>
      refused({ HOST: '0.0.0.0', AUTH: 'off' }, 2, /ALLOW_INSECURE=1/));

    it('when tokens would be for an address that nobody uses', () =>
      refused({ HOST: '0.0.0.0' }, 2, /BASE_URL must say where clients find this server/));

    it('when a command is not known', async () => {
      const { code, errors } = await wardgate(['fly'], {});
      assert.equal(code, 1);
      assert.match(errors.join(), /fly/);
    });
  });

  describe('on an empty data folder', () => {
    let environment: Record<string, string>;
    let server: StartedServer;
    /** statuses until somebody was let in */
    let held: Record<'alive' | 'ready' | 'page', Set<number>>;

    /** … who then forgets the password of the account that is made last, at once */
    async function firstAnswer(root: string): Promise<typeof held> {
      const statuses: typeof held = { alive: new Set(), ready: new Set(), page: new Set() };
      const statusOf = (path: string, init: RequestInit = {}): Promise<number | undefined> =>
        fetch(`${root}${path}`, init).then(
          ({ status }) => status,
          () => undefined,
        );
      for (;;) {
        const status = await statusOf('/fhir/metadata');
        if (status === 200) break;
        if (status === undefined) await sleep(20);
        else {
          const others = { alive: '/healthz', ready: '/readyz', page: '/account/sign-in' } as const;
          for (const [name, path] of Object.entries(others))
            statuses[name as keyof typeof others].add((await statusOf(path))!);
          await sleep(100);
        }
      }
      const body = JSON.stringify({ email: 'donor@hospital.example' });
      const headers = { 'content-type': 'application/json' };
      assert.equal(await statusOf('/fhir/$forgot-password', { method: 'POST', headers, body }), 200);
      return statuses;
    }

    before(async () => {
      environment = { DATA_DIR: join(folder, 'data'), MONGODB_CACHE_GB: '0.25' };
      const { port, close } = await busyPort();
      close();
      const first = firstAnswer(`http://127.0.0.1:${port}`);
      server = await startWardgate({ ...environment, PORT: String(port) });
      held = await first;
    });
    after(() => server.stop());

    const tokens = new Map<string, string>();
    async function tokenOf(role: string): Promise<string> {
      const known = tokens.get(role);
      if (known !== undefined) return known;
      const { output, errors } = await wardgate(['token', `${role}@hospital.example`], environment);
      assert.equal(errors.length, 1, errors.join('\n'));
      tokens.set(role, output.trim());
      return output.trim();
    }
    const as = async (role: string): Promise<Record<string, string>> => ({
      authorization: `Bearer ${await tokenOf(role)}`,
    });
    /** undefined where the role may not ask */
    async function count(role: string, query: string): Promise<number | undefined> {
      const path = `/${query}${query.includes('?') ? '&' : '?'}_summary=count`;
      const { status, body } = await createFhirClient(server.base).get(path, await as(role));
      if (status === 403) return undefined;
      assert.equal(status, 200, JSON.stringify(body));
      return body.total;
    }

    it('tells where it is, who may sign in, and how to get a token', async () => {
      assert.match(server.said(), /^FHIR base URL: http:\S+\nDemo accounts: admin, hospital-admin, doctor,/m);
      assert.match(server.said(), /password [A-Z][a-z]{3}-[a-z]{4}-\d, shown only now/);
      assert.match(server.said(), /http:\S+\/dev\/mail/);
      assert.match(server.said(), /token doctor@hospital\.example\)/);
      assert.match(server.said(), /AUTH=off npm start/);
      assert.equal((await fetch(`${server.base}/Patient`)).status, 401);
      assert.equal((await fetch(new URL('/dev/mail', server.base))).status, 200);
    });

    it('lets nobody in before the demo accounts are there', async () => {
      const statuses = Object.entries(held).map(([name, found]) => [name, [...found]]);
      // the last look at a page may come when the door has just been opened
      assert.deepEqual(statuses[0], ['alive', [200]]);
      for (const [name, found] of statuses.slice(1)) assert.equal(found![0], 503, String(name));
      let letter: string | undefined;
      for (let tries = 0; letter === undefined && tries < 100; tries++) {
        const mails = await (await fetch(new URL('/dev/mail', server.base))).text();
        letter = mails.split('<article>').find((one) => one.includes('donor@hospital.example'));
        await sleep(100);
      }
      assert.match(letter ?? '', /\b\d{6}\b/, 'a code, and not that there is no such account');
    });

    it('has loaded the demo hospital', async () => {
      assert.equal(await count('admin', 'Patient'), 16);
      assert.equal(await count('admin', 'Location?physical-type=bd'), 62);
      assert.equal(await count('admin', 'Location?operational-status=O'), 5);
      assert.ok((await count('admin', 'Slot?status=free'))! > 100);
    });

    for (const [role, sees] of Object.entries(seen)) {
      it(`shows the ${role} what docs/access.md says`, async () => {
        const expected: Record<string, number | undefined> = {};
        const found: typeof expected = {};
        for (const [type, query] of Object.entries(sees)) {
          expected[type] = query === NOT ? undefined : await count('admin', `${type}${query}`);
          assert.notEqual(expected[type], 0, `there is no ${type}${query} to be seen`);
          found[type] = await count(role, type);
        }
        assert.deepEqual(found, expected);
      });
    }

    it('refuses a second server on the folder', async () => {
      const { code, errors } = await wardgate(['start'], { PORT: '0', ...environment });
      assert.equal(code, 1);
      assert.match(errors.join('\n'), /^Another Wardgate \(process \d+\) is running on the data folder [^\n]*$/);
    });

    it('keeps through kill -9 what was written and who may sign in, and loads nothing again', async () => {
      const slots = await count('admin', 'Slot?status=free');
      const kept = { resourceType: 'Patient', id: 'kept' };
      const written = await createFhirClient(server.base).put('/Patient/kept', kept, await as('admin'));
      assert.equal(written.status, 201);
      await server.stop('SIGKILL');
      tokens.clear();

      server = await startWardgate({ ...environment, LOG_LEVEL: 'info' });
      assert.equal(await count('admin', 'Patient'), 17);
      assert.doesNotMatch(server.said(), /keys are made anew/, 'another port is no other base');
      assert.equal(await count('admin', 'Slot?status=free'), slots);
      assert.match(server.said(), /password as shown at the first start/);
    });
  });

  it('lets everybody in with AUTH=off, and says so', async () => {
    const { db, drop } = await freshDatabase('start');
    const uri = (await mongodbUri()).replace('/?', `/${db.databaseName}?`);
    const settings = { AUTH: 'off', SEED: 'none', MONGODB_URI: uri, REDIS_URL: await redisUrl() };
    const server = await startWardgate(settings);
    assert.match(server.said(), /Nobody signs in \(AUTH=off\)/);
    assert.equal((await fetch(`${server.base}/Patient`)).status, 200);
    assert.equal(await server.stop('SIGINT'), 0);
    await drop();
  });
});
