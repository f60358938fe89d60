// `npm start` as a newcomer meets it: what goes wrong in one line, and what survives.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redisUrl } from '../support/engines.ts';
import { busyPort, killAll, startWardgate, wardgate } from '../support/processes.ts';

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

    it('when the data folder cannot be written', async () => {
      const file = join(folder, 'a-file');
      writeFileSync(file, '');
      await refused({ DATA_DIR: join(file, 'data') }, 1, /^The data folder .* cannot be written \(ENOTDIR\)/);
    });

    it('when it would open every record to the network', () => refused({ HOST: '0.0.0.0' }, 2, /ALLOW_INSECURE=1/));

    it('when a command is not known', async () => {
      const { code, errors } = await wardgate(['fly'], {});
      assert.equal(code, 1);
      assert.match(errors.join(), /fly/);
    });
  });

  describe('on an empty data folder', () => {
    const count = async (base: string, query: string): Promise<number> => {
      const response = await fetch(`${base}/${query}${query.includes('?') ? '&' : '?'}_summary=count`);
      return ((await response.json()) as { total: number }).total;
    };

    it('loads the demo hospital once, keeps it through kill -9, and refuses a second server on the folder', async () => {
      const environment = { DATA_DIR: join(folder, 'data'), MONGODB_CACHE_GB: '0.25' };
      const first = await startWardgate(environment);
      assert.equal(await count(first.base, 'Patient'), 16);
      assert.equal(await count(first.base, 'Location?physical-type=bd'), 62);
      assert.equal(await count(first.base, 'Location?operational-status=O'), 5);
      const slots = await count(first.base, 'Slot?status=free');
      assert.ok(slots > 100, `${slots} slots`);

      const second = await wardgate(['start'], { PORT: '0', ...environment });
      assert.equal(second.code, 1);
      assert.match(second.errors.join('\n'), /^Another Wardgate \(process \d+\) is running on the data folder [^\n]*$/);

      const written = await fetch(`${first.base}/Patient/kept`, {
        method: 'PUT',
        headers: { 'content-type': 'application/fhir+json' },
        body: '{"resourceType":"Patient","id":"kept"}',
      });
      assert.equal(written.status, 201);
      await first.stop('SIGKILL');

      const again = await startWardgate(environment);
      assert.equal((await fetch(`${again.base}/Patient/kept`)).status, 200);
      assert.equal(await count(again.base, 'Patient'), 17);
      assert.equal(await count(again.base, 'Slot?status=free'), slots);
      assert.equal(await again.stop('SIGINT'), 0);
    });
  });
});
