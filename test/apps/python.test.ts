// Apps in Python: fhirclient (SMART's own) signs in, fhirpy searches with what it got.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { defaultCacheDir } from '../../src/platform/engines/cache-folder.ts';
import { aPatient } from '../support/fhir-client.ts';
import { openPeople, PASSWORD, type People, type Person } from '../support/people.ts';
import { CALLBACK } from '../support/smart-app.ts';
import { createVisitor } from '../support/visitor.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const environment = `${process.env.CACHE_DIR ?? defaultCacheDir(process.env)}/python-apps`;
const python = `${environment}/bin/python`;

/** CI installs what is missing; elsewhere that is up to whoever runs the tests. */
function install(): void {
  if (existsSync(python) || process.env.CI !== 'true') return;
  const made = spawnSync('python3', ['-m', 'venv', environment]);
  if (made.status === 0) spawnSync(`${environment}/bin/pip`, ['install', '-q', '-r', here('requirements.txt')]);
}

const isReady = (): boolean => spawnSync(python, ['-c', 'import fhirclient, fhirpy']).status === 0;

describe('an app in Python', function () {
  this.timeout(120_000);
  let people: People;
  let doctor: Person;
  before(async function () {
    install();
    if (!isReady()) {
      console.log(
        `    apps in Python are skipped: python3 -m venv ${environment} && ${environment}/bin/pip install -r test/apps/requirements.txt`,
      );
      this.skip();
    }
    people = await openPeople('python');
    doctor = await people.person('admin');
    for (const id of ['p1', 'p2']) assert.ok((await doctor.put(`/Patient/${id}`, aPatient({ id }))).status < 300);
  });
  after(() => people?.close());

  interface App {
    lines: AsyncIterator<string>;
    process: ChildProcess;
    next(): Promise<Record<string, unknown>>;
  }

  function start(...args: string[]): App {
    const child = spawn(python, [here('python_app.py'), ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    let complaints = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaints += chunk.toString();
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return {
      lines,
      process: child,
      async next() {
        const { value, done } = await lines.next();
        assert.ok(!done, complaints);
        return JSON.parse(value) as Record<string, unknown>;
      },
    };
  }

  it('signs a person in, reads the patient, refreshes and searches', async () => {
    await people.oauth.clients.register({
      client_id: 'python-app',
      client_name: 'Python app',
      redirect_uris: [CALLBACK],
      token_endpoint_auth_method: 'none',
    });
    const app = start(
      'person',
      people.oauth.base,
      'python-app',
      CALLBACK,
      'launch/patient openid fhirUser offline_access patient/*.read',
    );
    const { authorize } = await app.next();
    const visitor = createVisitor(people.oauth.root);
    let page = await visitor.open(String(authorize));
    page = await visitor.submit(page, '/sign-in', { email: doctor.email, password: PASSWORD });
    page = await visitor.submit(page, '/code', { code: await people.codeFor(doctor.email) });
    page = await visitor.submit(page, '/patient', { id: 'p1' });
    page = await visitor.submit(page, '/allow');
    app.process.stdin!.end(`${page.url}\n`);
    assert.deepEqual(await app.next(), { patient: 'Okafor', again: 'Okafor', refreshed: true, found: ['p1'] });
  });

  it('signs itself in with a key', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS384', { extractable: true });
    await people.oauth.clients.register({
      client_id: 'python-job',
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
      smart_scopes: 'system/Patient.rs',
      jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS384' }] },
    });
    const assertion = await new SignJWT({ jti: `${Math.random()}` })
      .setProtectedHeader({ alg: 'RS384', kid: 'k1', typ: 'JWT' })
      .setIssuer('python-job')
      .setSubject('python-job')
      .setAudience(`${people.oauth.root}/oauth/token`)
      .setExpirationTime('4m')
      .sign(privateKey);
    const app = start('itself', people.oauth.base, 'python-job', assertion, 'system/Patient.rs');
    const { found } = await app.next();
    // both, and the resource of nobody else who may be there
    assert.ok((found as string[]).includes('p1') && (found as string[]).includes('p2'));
  });
});
