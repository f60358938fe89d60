// A transaction Bundle that is interrupted by kill -9, of the server or of its database, is there as a whole or not at all.
import assert from 'node:assert/strict';
import { sleep } from '../../src/platform/clock/clock.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { until } from './until.ts';
import { gapsIn } from './wards.ts';

const OBSERVATIONS = 200;
const SENDERS = 3;
const KILLS = 3;
const BATCHES = 'urn:wardgate:test:batches';

const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

describe('a transaction that is interrupted by a kill', function () {
  this.timeout(180_000);
  let server: ServerProcess;
  before(async () => {
    server = await startServerProcess();
  });
  after(() => server?.close());

  /** Three types, references between new resources, and a resource that all of them change. */
  function bundleOf(batch: string): Record<string, unknown> {
    const tagged = (resource: Record<string, unknown>) => ({
      ...resource,
      meta: { tag: [{ system: BATCHES, code: batch }] },
    });
    const patient = `urn:uuid:00000000-0000-4000-8000-${batch.replace(/\D/g, '').padStart(12, '0')}`;
    return {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        {
          fullUrl: patient,
          resource: tagged({ resourceType: 'Patient' }),
          request: { method: 'POST', url: 'Patient' },
        },
        ...range(OBSERVATIONS).map(() => ({
          resource: tagged({
            resourceType: 'Observation',
            status: 'final',
            code: { coding: [{ system: 'http://loinc.org', code: '8302-2' }] },
            subject: { reference: patient },
          }),
          request: { method: 'POST', url: 'Observation' },
        })),
        {
          resource: { resourceType: 'Basic', id: 'shared', code: { text: batch } },
          request: { method: 'PUT', url: 'Basic/shared' },
        },
      ],
    };
  }

  async function countOf(type: string, batch: string): Promise<number> {
    const reply = await server.get(`/${type}?_tag=${BATCHES}|${batch}&_summary=count`);
    assert.equal(reply.status, 200, reply.text);
    return reply.body.total;
  }

  /** Sends Bundles through several kills, then looks at each of them. */
  async function interrupt(run: string, kill: () => Promise<void>): Promise<void> {
    const outcomes = new Map<string, 'acknowledged' | 'unsure'>();
    const wrong: string[] = [];
    let acknowledged = 0;
    let isRunning = true;
    async function send(sender: number): Promise<void> {
      for (let round = 0; isRunning; round++) {
        const batch = `${run}${sender}${String(round).padStart(4, '0')}`;
        outcomes.set(batch, 'unsure');
        const reply = await server.post('', bundleOf(batch)).catch((error: unknown) => {
          if (isUnsent(error)) outcomes.delete(batch);
        });
        if (reply?.status === 200) {
          outcomes.set(batch, 'acknowledged');
          acknowledged++;
        } else {
          if (reply && reply.status !== 503) wrong.push(`${reply.status}: ${reply.text}`);
          await sleep(50);
        }
      }
    }
    const senders = range(SENDERS).map(send);
    try {
      for (const _ of range(KILLS)) {
        const enough = acknowledged + 3;
        await until('3 transactions', () => acknowledged >= enough);
        await sleep(Math.random() * 200);
        await kill();
      }
      const enough = acknowledged + 2;
      await until('2 transactions', () => acknowledged >= enough);
    } finally {
      isRunning = false;
      await Promise.all(senders);
    }

    assert.deepEqual(wrong, []);
    let whole = 0;
    for (const [batch, outcome] of outcomes) {
      const counts = [await countOf('Patient', batch), await countOf('Observation', batch)];
      const isThere = counts[0] === 1;
      assert.deepEqual(counts, isThere ? [1, OBSERVATIONS] : [0, 0], `batch ${batch} is whole or absent`);
      assert.ok(isThere || outcome === 'unsure', `batch ${batch} was acknowledged`);
      if (isThere) whole++;
    }
    // Each transaction also changed the shared resource once: it has a version for each, and no other.
    const history = await server.get(`/Basic/shared/_history?_count=1000`);
    const changes = (history.body.entry as { resource: { code: { text: string } } }[]).map(
      ({ resource }) => resource.code.text,
    );
    assert.equal(changes.filter((text) => text.startsWith(run)).length, whole);
    assert.deepEqual(await gapsIn(server, 'Basic'), []);
    console.log(
      `      ${outcomes.size} transactions sent through kills, ${acknowledged} acknowledged, ${whole - acknowledged} done without an answer`,
    );
  }

  it('by a kill of the server', () =>
    interrupt('s', async () => {
      await server.kill();
      await server.start();
    }));

  it('by a kill of the database', () => interrupt('d', async () => server.killEngine('mongodb')));
});

/** Nobody listened while the server was down. */
const isUnsent = (error: unknown): boolean =>
  ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED';
