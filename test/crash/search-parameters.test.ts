// kill -9 of the server in the middle of the indexing of a new search parameter: it goes on after the start, and no search is ever wrong.
import assert from 'node:assert/strict';
import { sleep } from '../../src/platform/clock/clock.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

const BUNDLES = 12;
const PER_BUNDLE = 500;
const nickname = 'http://example.org/nickname';

describe('a server that is killed while it indexes a search parameter', function () {
  this.timeout(180_000);
  let server: ServerProcess;
  before(async () => {
    server = await startServerProcess();
    for (let bundle = 0; bundle < BUNDLES; bundle++) {
      const reply = await server.post('', {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: Array.from({ length: PER_BUNDLE }, (_, index) => ({
          resource: { resourceType: 'Patient', extension: [{ url: nickname, valueString: `nick ${index}` }] },
          request: { method: 'POST', url: 'Patient' },
        })),
      });
      assert.equal(reply.status, 200, reply.text);
    }
  });
  after(() => server?.close());

  it('goes on after the start, and refuses the search until all are found', async () => {
    const search = '/Patient?nickname=nick&_summary=count';
    const created = await server.put('/SearchParameter/nickname', {
      resourceType: 'SearchParameter',
      id: 'nickname',
      url: 'http://example.org/SearchParameter/nickname',
      name: 'nickname',
      status: 'active',
      description: 'What friends call them',
      code: 'nickname',
      base: ['Patient'],
      type: 'string',
      expression: `Patient.extension.where(url = '${nickname}').value`,
    });
    assert.equal(created.status, 201, created.text);
    const keys = { s: { $gte: 'nickname:', $lt: 'nickname;' } };
    const indexed = (): Promise<number> => server.withDatabase((db) => db.collection('Patient').countDocuments(keys));
    let isKilled = false;
    for (;;) {
      await sleep(20);
      const now = isKilled ? 0 : await indexed();
      if (now > 0 && now < BUNDLES * PER_BUNDLE) {
        assert.equal((await server.get(search)).status, 503);
        await server.kill();
        isKilled = true;
        await server.start();
        assert.ok((await indexed()) < BUNDLES * PER_BUNDLE, 'it was killed too late to tell');
      }
      const reply = await server.get(search);
      if (reply.status === 200) {
        assert.equal(reply.body.total, BUNDLES * PER_BUNDLE);
        break;
      }
      assert.equal(reply.status, 503, reply.text);
    }
    assert.ok(isKilled, 'it was through before it was killed');
  });
});
