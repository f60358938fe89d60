// Packages beside a running server: what they bring is known by its canonical, several versions at once.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Canonicals } from '../../src/fhir/conformance/canonicals.ts';
import { FhirError } from '../../src/fhir/model/errors.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { createDefinitionStore } from '../../src/fhir/storage/mongo/definitions/index.ts';
import { aManifest, IPS, loadInto, packageFile, US_CORE } from '../support/a-package.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';
import { createFhirClient } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const CORE = 'http://hl7.org/fhir/us/core';
const PATIENT = `${CORE}/StructureDefinition/us-core-patient`;

const aValueSet = (version: string, more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'ValueSet',
  id: 'colours',
  url: 'http://example.org/ValueSet/colours',
  version,
  status: 'active',
  ...more,
});

describe('packages', () => {
  let database: FreshDatabase;
  let server: TestServer;
  let canonicals: Canonicals;

  before(async () => {
    database = await freshDatabase('packages');
    server = await startTestServer('packages', { database });
    canonicals = server.engine.canonicals;
  });
  after(async () => {
    await server?.close();
    await database?.drop();
  });

  const refresh = (): Promise<void> => server.service.conformance.refresh();
  const collections = () => ({
    packages: database.db.collection('packages'),
    resources: database.db.collection('package_resources'),
    loads: database.db.collection('package_loads'),
  });

  describe('when one is loaded', () => {
    let changes: string[];
    before(async () => {
      changes = [];
      canonicals.onChange((list) => changes.push(...list.map(({ url }) => url)));
      const before = canonicals.revision;
      const loaded = await loadInto(database, US_CORE);
      assert.equal(loaded.isNew, true);
      assert.equal(loaded.counts.StructureDefinition, 51);
      assert.equal(loaded.counts.SearchParameter, 98);
      assert.deepEqual(loaded.missing, [
        'hl7.fhir.uv.bulkdata#2.0.0',
        'hl7.fhir.uv.smart-app-launch#2.0.0',
        'us.nlm.vsac#0.7.0',
        'hl7.fhir.uv.sdc#3.0.0',
      ]);
      const deadline = Date.now() + 5000;
      while (!canonicals.has('StructureDefinition', PATIENT) && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 50));
      assert.ok(canonicals.revision > before);
    });

    it('is noticed by a running server, which tells who listens', () => {
      assert.equal(canonicals.has('StructureDefinition', PATIENT), true);
      assert.ok(changes.includes(PATIENT));
    });

    it('gives profiles with their snapshot, by URL, by version and with another version', async () => {
      for (const canonical of [PATIENT, `${PATIENT}|5.0.1`, `${PATIENT}|9.9.9`]) {
        const found = (await canonicals.find('StructureDefinition', canonical)) as Resource & {
          snapshot: { element: unknown[] };
        };
        assert.equal(found?.version, '5.0.1', canonical);
        assert.ok(found.snapshot.element.length > 50);
      }
      const [entry] = canonicals.versions('StructureDefinition', PATIENT);
      assert.deepEqual(entry?.origin, { kind: 'package', name: 'hl7.fhir.us.core', version: '5.0.1' });
      assert.ok(canonicals.list('SearchParameter').some(({ origin }) => origin.kind === 'package'));
    });

    it('names its own resources by version, so that another version beside it is not meant', async () => {
      const found = (await canonicals.find('StructureDefinition', PATIENT)) as Resource & {
        snapshot: { element: { id: string; type?: { profile?: string[] }[]; binding?: { valueSet: string } }[] };
      };
      const race = found.snapshot.element.find(({ id }) => id === 'Patient.extension:race');
      assert.deepEqual(race?.type?.[0]?.profile, [`${CORE}/StructureDefinition/us-core-race|5.0.1`]);
      const gender = found.snapshot.element.find(({ id }) => id === 'Patient.gender');
      assert.equal(gender?.binding?.valueSet, 'http://hl7.org/fhir/ValueSet/administrative-gender');
    });

    it('is in the capability statement: the guide, and the profiles of each type', async () => {
      const { body } = await createFhirClient(server.base).get('/metadata');
      assert.deepEqual(body.implementationGuide, [`${CORE}/ImplementationGuide/hl7.fhir.us.core|5.0.1`]);
      const ofType = (wanted: string) => body.rest[0].resource.find(({ type }: { type: string }) => type === wanted);
      assert.deepEqual(ofType('Patient').supportedProfile, [`${PATIENT}|5.0.1`]);
      assert.equal(ofType('Account').supportedProfile, undefined);
    });

    it('is searched by URL', async () => {
      const { body } = await createFhirClient(server.base).get(`/StructureDefinition?url=${PATIENT}&version=5.0.1`);
      assert.equal(body.total, 1);
      assert.equal(body.entry[0].fullUrl, PATIENT);
    });

    it('costs nothing to be loaded again', async () => {
      const before = await collections().resources.countDocuments();
      assert.equal((await loadInto(database, US_CORE)).isNew, false);
      assert.equal(await collections().resources.countDocuments(), before);
      assert.equal(await collections().loads.countDocuments(), 0);
    });

    it('is refused with other content under the same name and version', async () => {
      const file = await packageFile({
        'package/package.json': aManifest({ name: 'hl7.fhir.us.core', version: '5.0.1' }),
        'package/ValueSet-colours.json': aValueSet('1.0.0'),
      });
      await assert.rejects(loadInto(database, file), (error: FhirError) => {
        assert.equal(error.kind, 'duplicate');
        assert.match(error.message, /hl7\.fhir\.us\.core#5\.0\.1 is loaded already, with other content/);
        return true;
      });
    });
  });

  it('stand side by side in several versions, the newest first', async () => {
    for (const version of ['1.0.0', '2.0.0', '1.10.0'])
      await loadInto(
        database,
        await packageFile({
          'package/package.json': aManifest({ version }),
          'package/ValueSet-colours.json': aValueSet(version),
        }),
      );
    await refresh();
    const url = 'http://example.org/ValueSet/colours';
    assert.deepEqual(
      canonicals.versions('ValueSet', url).map(({ version }) => version),
      ['2.0.0', '1.10.0', '1.0.0'],
    );
    for (const [canonical, version] of [
      [url, '2.0.0'],
      [`${url}|1.0.0`, '1.0.0'],
      [`${url}|1.10`, '1.10.0'],
    ] as const)
      assert.equal((await canonicals.find('ValueSet', canonical))?.version, version);
  });

  it('are forgotten when they are unloaded, with all that they brought', async () => {
    await loadInto(database, IPS);
    await refresh();
    const url = 'http://hl7.org/fhir/uv/ips/StructureDefinition/Patient-uv-ips';
    assert.ok(await canonicals.find('StructureDefinition', url));
    const store = createDefinitionStore({ db: database.db, now: Date.now }).packages;
    const load = (await store.list()).find(({ name }) => name === 'hl7.fhir.uv.ips')?.load;
    assert.equal(await store.remove('hl7.fhir.uv.ips', '2.0.0'), true);
    assert.equal(await store.remove('hl7.fhir.uv.ips', '2.0.0'), false);
    await refresh();
    assert.equal(canonicals.has('StructureDefinition', url), false);
    assert.equal(await canonicals.find('StructureDefinition', url), undefined);
    assert.equal(await collections().resources.countDocuments({ _id: { $regex: `^${load}` } as never }), 0);
  });

  it('leave nothing behind when a load is cut off: the next one sweeps it away', async () => {
    const store = createDefinitionStore({ db: database.db, now: () => Date.now() - 7_200_000 }).packages;
    const load = await store.beginLoad();
    await load.add([Buffer.from('{"resourceType":"ValueSet","url":"http://example.org/half"}')]);
    await refresh();
    assert.equal(canonicals.has('ValueSet', 'http://example.org/half'), false);
    await loadInto(
      database,
      await packageFile({
        'package/package.json': aManifest({ version: '3.0.0' }),
        'package/ValueSet-colours.json': aValueSet('3.0.0'),
      }),
    );
    assert.equal(await collections().loads.countDocuments(), 0);
    const all = await collections().resources.distinct('_id');
    const listed = new Set((await store.list()).map((record) => record.load));
    assert.deepEqual(
      all.filter((id) => !listed.has(String(id).split('/')[0]!)),
      [],
    );
  });

  describe('that are broken', () => {
    const valueSet = aValueSet('1.0.0');
    const rows: [what: string, file: () => Promise<Buffer> | Buffer, message: RegExp][] = [
      ['is no archive', () => Buffer.from('hello'), /^not a package: /],
      [
        'has no package.json',
        () => packageFile({ 'package/a.json': valueSet }),
        /^not a package: it has no package\.json$/,
      ],
      [
        'is for another release of FHIR',
        () =>
          packageFile({ 'package/package.json': aManifest({ fhirVersions: ['5.0.0'] }), 'package/a.json': valueSet }),
        /^it is for FHIR 5\.0\.0; this server is FHIR 4\.0\.1$/,
      ],
      [
        'does not say for which release it is',
        () =>
          packageFile({
            'package/package.json': { name: 'a', version: '1.0.0' },
            'package/a.json': valueSet,
          }),
        /does not say for which FHIR version/,
      ],
      [
        'has a name that is none',
        () => packageFile({ 'package/package.json': aManifest({ name: '../x' }), 'package/a.json': valueSet }),
        /^package\.json: it has no valid name$/,
      ],
      [
        'has a resource that is no JSON',
        () => packageFile({ 'package/package.json': aManifest({ version: '9' }), 'package/b.json': '{"a":' }),
        /^b\.json: /,
      ],
      [
        'has no definitions',
        () => packageFile({ 'package/package.json': aManifest({ version: '9' }), 'package/README.md': 'x' }),
        /^it has no definitions$/,
      ],
    ];
    for (const [what, file, message] of rows) {
      it(`are refused with one line: what ${what}`, async () => {
        const before = await collections().resources.countDocuments();
        const bytes = await file();
        await assert.rejects(loadInto(database, bytes), (error) => {
          assert.ok(error instanceof FhirError, String(error));
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /\n/);
          return true;
        });
        assert.equal(await collections().resources.countDocuments(), before);
        assert.equal(await collections().loads.countDocuments(), 0);
      });
    }
  });

  it('in the folder of the settings are loaded at the start, broken ones are named and left out', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wardgate-packages-'));
    cpSync(IPS, join(folder, 'ips.tgz'));
    writeFileSync(join(folder, 'broken.tgz'), 'hello');
    const own = await startTestServer('packages_folder', { settings: { packagesDir: folder } });
    try {
      assert.ok(
        own.engine.canonicals.has(
          'StructureDefinition',
          'http://hl7.org/fhir/uv/ips/StructureDefinition/Bundle-uv-ips',
        ),
      );
      const said = own.lines.map(({ level, message }) => `${level} ${message}`);
      assert.ok(said.includes('info package ips.tgz is loaded'), said.join('\n'));
      assert.ok(said.some((line) => line.startsWith('warn package broken.tgz is left out: not a package')));
    } finally {
      await own.close();
      rmSync(folder, { recursive: true });
    }
  });
});
