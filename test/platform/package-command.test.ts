// `wardgate package` as an operator uses it, on the database of MONGODB_URI.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPackageList, runPackageLoad, runPackageUnload } from '../../src/cli/package.ts';
import { type Config, readConfig } from '../../src/platform/config/config.ts';
import { StartError } from '../../src/platform/start-error.ts';
import { IPS } from '../support/a-package.ts';
import { type FreshDatabase, freshDatabase, mongodbUri } from '../support/engines.ts';

describe('the package command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wardgate-package-command-'));
  let database: FreshDatabase;
  let config: Config;
  before(async () => {
    database = await freshDatabase('package_command');
    const uri = (await mongodbUri()).replace('/?', `/${database.db.databaseName}?`);
    config = readConfig({ MONGODB_URI: uri, DATA_DIR: folder });
  });
  after(async () => {
    await database?.drop();
    rmSync(folder, { recursive: true });
  });

  /** exit code and what was said */
  async function run(command: () => Promise<number>): Promise<{ code: number; said: string }> {
    const said: string[] = [];
    const { log, error } = console;
    console.log = console.error = (line: unknown) => void said.push(String(line));
    try {
      return { code: await command(), said: said.join('\n') };
    } finally {
      Object.assign(console, { log, error });
    }
  }

  it('loads, tells what is missing, lists and unloads', async () => {
    const loaded = await run(() => runPackageLoad(config, [IPS]));
    assert.equal(loaded.code, 0, loaded.said);
    assert.match(loaded.said, /^hl7\.fhir\.uv\.ips#2\.0\.0 is loaded: .*32 StructureDefinition/);
    assert.match(
      loaded.said,
      /It depends on hl7\.fhir\.uv\.extensions\.r4#5\.2\.0, hl7\.fhir\.uv\.ipa#1\.1\.0, which are not loaded/,
    );
    assert.match((await run(() => runPackageLoad(config, [IPS]))).said, /ips#2\.0\.0 is loaded already/);
    assert.match(
      (await run(() => runPackageList(config))).said,
      /^hl7\.fhir\.uv\.ips#2\.0\.0 {2}International Patient Summary/,
    );
    const unloaded = await run(() => runPackageUnload(config, 'hl7.fhir.uv.ips'));
    assert.equal(`${unloaded.code} ${unloaded.said}`, '0 hl7.fhir.uv.ips#2.0.0 is unloaded.');
    assert.equal((await run(() => runPackageList(config))).said, 'No package is loaded.');
    assert.equal((await run(() => runPackageUnload(config, 'hl7.fhir.uv.ips#2.0.0'))).code, 1);
  });

  it('refuses a broken file with one line, and goes on with the others', async () => {
    const broken = join(folder, 'broken.tgz');
    writeFileSync(broken, 'hello');
    const { code, said } = await run(() => runPackageLoad(config, [broken, IPS]));
    assert.equal(code, 1);
    assert.match(said, /broken\.tgz: not a package: .*\nhl7\.fhir\.uv\.ips#2\.0\.0 is loaded/);
    await assert.rejects(async () => runPackageLoad(config, [join(folder, 'none.tgz')]), StartError);
  });
});
