// kill -9 of the embedded MongoDB under load. The server stays, starts it again, and tells clients to try again meanwhile.
import assert from 'node:assert/strict';
import { sleep } from '../../src/platform/clock/clock.ts';
import type { Reply } from '../support/fhir-client.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { createStorm } from './storm.ts';
import { until } from './until.ts';
import { furnish, gapsIn, takeCensus } from './wards.ts';

const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

describe('a server whose database is killed under load', function () {
  this.timeout(180_000);
  let server: ServerProcess;
  before(async () => {
    server = await startServerProcess();
    await furnish(server);
  });
  after(() => server?.close());

  it('keeps every promise, and its slots, beds and stock agree', async () => {
    const storm = createStorm(server);
    storm.rage();
    try {
      for (let kills = 1; kills <= 2; kills++) {
        await storm.untilMore(150);
        server.killEngine('mongodb');
      }
      await storm.untilMore(150);
    } finally {
      await storm.calm();
    }
    const census = await takeCensus(server);
    assert.deepEqual([...census.problems, ...storm.broken(census)], []);
    console.log(`      ${storm.summary()}`);
  });

  it('gives every acknowledged version back as it was acknowledged, without gaps', async () => {
    const acknowledged: Reply[] = [];
    const other: string[] = [];
    let unavailable = 0;
    let isRunning = true;
    async function write(writer: number): Promise<void> {
      for (let round = 0; isRunning; round++) {
        const id = `hot${(writer + round) % 10}`;
        const content = { resourceType: 'Basic', code: { text: `writer ${writer}, round ${round}` } };
        const reply =
          round % 2 === 0 ? await server.post('/Basic', content) : await server.put(`/Basic/${id}`, { ...content, id });
        if (reply.status < 300) acknowledged.push(reply);
        else if (reply.status === 503) unavailable++;
        else other.push(`${reply.status}: ${reply.text}`);
        if (reply.status >= 300) await sleep(100);
      }
    }
    const writers = range(16).map(write);
    try {
      for (let kills = 1; kills <= 2; kills++) {
        const enough = acknowledged.length + 300;
        await until('300 acknowledgements', () => acknowledged.length >= enough);
        server.killEngine('mongodb');
      }
      const enough = acknowledged.length + 200;
      await until('200 acknowledgements', () => acknowledged.length >= enough);
    } finally {
      isRunning = false;
      await Promise.all(writers);
    }

    assert.deepEqual(other, []);
    for (const { body } of acknowledged) {
      const stored = await server.get(`/Basic/${body.id}/_history/${body.meta.versionId}`);
      assert.deepEqual(stored.body, body);
    }
    const versions = acknowledged.map(({ body }) => `${body.id}/${body.meta.versionId}`);
    assert.equal(new Set(versions).size, versions.length, 'no version was promised twice');
    assert.deepEqual(await gapsIn(server, 'Basic'), []);
    console.log(
      `      ${acknowledged.length} writes acknowledged through kills of the database, ${unavailable} told to try again`,
    );
  });

  it('allows long transactions after each start of the database', async () => {
    const limit = { getParameter: 1, transactionLifetimeLimitSeconds: 1 };
    const found = await server.withDatabase((db) => db.admin().command(limit));
    assert.equal(found.transactionLifetimeLimitSeconds, 300);
  });

  it('goes on while its Redis is killed', async () => {
    server.killEngine('redis');
    const reply = await server.post('/Basic', { resourceType: 'Basic', code: { text: 'without Redis' } });
    assert.equal(reply.status, 201, reply.text);
    const isReady = async (): Promise<boolean> => (await fetch(new URL('/readyz', server.base))).status === 200;
    await until('readiness', isReady, { withinMs: 10_000, everyMs: 50 });
  });
});
