// A first start that is killed at any moment leaves nothing behind that the next start stumbles over.
import assert from 'node:assert/strict';
import { sleep } from '../../src/platform/clock/clock.ts';
import { aServerProcess, type ServerProcess } from './server-process.ts';

describe('a first start that is killed', function () {
  this.timeout(180_000);
  let server: ServerProcess;
  beforeEach(async () => {
    server = await aServerProcess();
  });
  afterEach(() => server?.close());

  it('is repeated by the next one, wherever it was', async () => {
    let failure: unknown;
    for (const ms of [400, 700, 1000, 1400, 1900]) {
      const starting = server.start().catch((error: unknown) => error);
      await sleep(ms);
      await server.cutPower();
      failure = await starting;
    }
    assert.ok(failure === undefined || failure instanceof Error);
    await server.start();
    const reply = await server.post('/Patient', { resourceType: 'Patient' });
    assert.equal(reply.status, 201, reply.text);
  });
});
