// `npm run import` into a server of its own and into a running one, where people sign in.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { credentialFor } from '../../src/cli/credential.ts';
import { readConfig } from '../../src/platform/config/config.ts';
import { type FreshDatabase, freshDatabase, mongodbUri, redisUrl } from '../support/engines.ts';
import { killAll, type StartedServer, startWardgate, wardgate } from '../support/processes.ts';

const NPI = 'http://hl7.org/fhir/sid/us-npi';

const staff = {
  resourceType: 'Bundle',
  type: 'batch',
  entry: [
    {
      resource: { resourceType: 'Practitioner', identifier: [{ system: NPI, value: '1' }] },
      request: { method: 'POST', url: 'Practitioner', ifNoneExist: `identifier=${NPI}|1` },
    },
  ],
};

const record = {
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [
    {
      fullUrl: 'urn:uuid:5d1f8f84-6f0a-4c9b-9a1e-0d6f3a7f6c01',
      resource: { resourceType: 'Patient', identifier: [{ system: 'urn:mrn', value: 'p1' }] },
      request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=urn:mrn|p1' },
    },
    {
      resource: {
        resourceType: 'Encounter',
        id: 'e1',
        status: 'finished',
        class: { code: 'AMB' },
        subject: { reference: 'urn:uuid:5d1f8f84-6f0a-4c9b-9a1e-0d6f3a7f6c01' },
        participant: [{ individual: { reference: `Practitioner?identifier=${NPI}|1` } }],
      },
      request: { method: 'PUT', url: 'Encounter/e1' },
    },
  ],
};

const weights = [1, 2, 3].map(
  (number) =>
    `{"resourceType":"Observation","id":"w${number}","status":"final","code":{"text":"weight"},"valueQuantity":{"value":${number}.50}}`,
);

describe('npm run import', function () {
  this.timeout(120_000);
  let folder: string;
  let database: FreshDatabase;
  let server: StartedServer;
  let environment: Record<string, string>;
  let authorization: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wardgate-import-'));
    mkdirSync(join(folder, 'fhir'));
    // The record sorts before the staff that it refers to.
    writeFileSync(join(folder, 'fhir', 'aaron.json'), JSON.stringify(record));
    writeFileSync(join(folder, 'fhir', 'practitionerInformation1.json'), JSON.stringify(staff));
    writeFileSync(join(folder, 'fhir', 'Observation.ndjson.gz'), gzipSync(`${weights.join('\n')}\n`));
    writeFileSync(join(folder, 'fhir', 'notes.txt'), 'not read');
    database = await freshDatabase('import');
    const uri = (await mongodbUri()).replace('/?', `/${database.db.databaseName}?`);
    environment = {
      AUTH: 'on',
      MONGODB_URI: uri,
      REDIS_URL: await redisUrl(),
      SEED: 'none',
      DATA_DIR: join(folder, 'data'),
    };
    server = await startWardgate(environment);
    environment = { ...environment, BASE_URL: server.base };
    authorization = (await credentialFor(readConfig(environment), server.base).authorization())!;
  });
  after(async () => {
    await server?.stop();
    killAll();
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const read = async (path: string): Promise<string> =>
    (await fetch(`${server.base}/${path}`, { headers: { authorization } })).text();

  it('loads folders, staff first, and keeps decimals as they are written', async () => {
    const { code, output, errors } = await wardgate(['import', join(folder, 'fhir')], environment);
    assert.match(output, /^3 files in [\d.]+ s: 6 resources \(\d+\/s\), 6 created, 0 updated, 0 skipped/);
    assert.deepEqual(errors, [`Importing 3 files into ${server.base} …`]);
    assert.equal(code, 0);
    assert.match(await read('Observation/w2'), /"value":2\.50/);
    assert.match(await read('Encounter/e1'), /"reference":"Practitioner\/[^"?]+"/);
  });

  it('creates nothing twice where Bundles are conditional, and says what it skipped', async () => {
    const { code, output } = await wardgate(['import', join(folder, 'fhir')], environment);
    assert.match(output, /6 resources .*, 0 created, 4 updated, 2 skipped because they were there already\.$/m);
    assert.equal(code, 0);
    assert.match(await read('Patient?_summary=count'), /"total":1\b/);
    assert.match(await read('Practitioner?_summary=count'), /"total":1\b/);
  });

  it('loads what is right in a file, and says what is wrong by file and line', async () => {
    const bad = join(folder, 'bad.ndjson');
    writeFileSync(bad, [...weights, '{"resourceType":"Observation","id":"w9","status":"wrong"}'].join('\n'));
    const { code, output, errors } = await wardgate(['import', bad], environment);
    assert.equal(code, 1);
    assert.match(output, /3 resources .*; 1 files with errors \(1 requests failed\)\.$/m);
    assert.equal(errors[1], `${bad}:`);
    assert.match(errors[2]!, /^ {2}line 4: 4\d\d .*Observation/);
    assert.equal(errors.length, 3);
  });

  it('goes on after a file that is not FHIR at all', async () => {
    const bad = join(folder, 'bad.json');
    writeFileSync(bad, '{"name": ');
    const { code, errors, output } = await wardgate(['import', bad, join(folder, 'fhir', 'aaron.json')], environment);
    assert.equal(code, 1);
    assert.equal(errors[1], `${bad}:`);
    assert.match(output, /2 files .* 2 resources/);
  });

  it('says in one line that a path does not exist', async () => {
    const { code, errors } = await wardgate(['import', '/nowhere/at/all'], environment);
    assert.deepEqual(errors, ['/nowhere/at/all does not exist.']);
    assert.equal(code, 1);
  });

  it('starts a server for itself where none answers', async () => {
    const alone: Record<string, string> = { ...environment, PORT: '9', BASE_URL: '' };
    const { code, output, errors } = await wardgate(['import', join(folder, 'fhir', 'aaron.json')], alone);
    assert.equal(code, 0, errors.join('\n'));
    assert.match(output, /^1 files in .* 2 resources/);
  });

  it('is on record as what the command line did, into either server', async () => {
    const updates = await read('AuditEvent?entity=Encounter/e1&action=U,C&_elements=agent');
    assert.match(updates, /"total":4\b/);
    assert.equal(updates.match(/"altId":"wardgate-cli"/g)?.length, 4);
  });

  it('shows the token it is given, and ends in one line where that is no good', async () => {
    const [, token = ''] = authorization.split(' ');
    // without the database: only the token lets it in
    const elsewhere = { AUTH: 'on', BASE_URL: server.base, DATA_DIR: join(folder, 'nothing') };
    const path = join(folder, 'fhir', 'aaron.json');
    assert.equal((await wardgate(['import', path], { ...elsewhere, WARDGATE_TOKEN: token })).code, 0);
    assert.equal((await wardgate(['import', path, '--token', token], elsewhere)).code, 0);

    const rows: [settings: Record<string, string>, line: RegExp][] = [
      [{}, /^http:\S+ wants to know who asks\. Set WARDGATE_TOKEN/],
      [{ WARDGATE_TOKEN: 'nonsense' }, /^http:\S+ does not take this token: The access token is not valid\. /],
    ];
    for (const [settings, line] of rows) {
      const { code, errors } = await wardgate(['import', path], { ...elsewhere, ...settings });
      assert.match(errors[1]!, line);
      assert.deepEqual([code, errors.length], [1, 2]);
    }
  });
});
