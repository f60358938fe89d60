// kill -9 of the server, and of everything at once, in the middle of a storm of bookings, bed assignments and stock movements.
import assert from 'node:assert/strict';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { createStorm } from './storm.ts';
import { furnish, takeCensus } from './wards.ts';

describe('a server that is killed in the middle of a storm', function () {
  this.timeout(180_000);
  let server: ServerProcess;
  before(async () => {
    server = await startServerProcess();
    await furnish(server);
  });
  after(() => server?.close());

  it('keeps every promise, and its slots, beds and stock agree after each start', async () => {
    const storm = createStorm(server);
    try {
      for (const kill of [server.kill, server.cutPower, server.cutPower]) {
        storm.rage();
        await storm.untilMore(150);
        await kill();
        await storm.calm();
        await server.start();
        const census = await takeCensus(server);
        assert.deepEqual([...census.problems, ...storm.broken(census)], []);
      }
    } finally {
      await storm.calm();
    }
    console.log(`      ${storm.summary()}`);
  });
});
