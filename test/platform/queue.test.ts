// The job queue on a real Redis.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { sleep } from '../../src/platform/clock/clock.ts';
import { createQueue, type JobState, type Queue } from '../../src/platform/queue/queue.ts';
import { redisUrl } from '../support/engines.ts';

describe('the queue', () => {
  const errors: string[] = [];
  const prefix = `test-${randomBytes(4).toString('hex')}`;
  const open: Queue[] = [];
  const connect = async (): Promise<Queue> => {
    const queue = createQueue({ redisUrl: await redisUrl(), prefix, onError: (error) => errors.push(error.message) });
    open.push(queue);
    return queue;
  };
  let queue: Queue;

  before(async () => {
    queue = await connect();
  });
  after(async () => {
    await Promise.all(open.map((one) => one.close()));
  });

  const settled = async (job: string, id: string): Promise<JobState> => {
    for (;;) {
      const found = await queue.find(job, id);
      if (found?.state === 'completed' || found?.state === 'failed') return found;
      await sleep(20);
    }
  };

  it('runs a job and keeps its result and progress', async () => {
    queue.process<{ n: number }>('double', 1, async ({ n }, { progress }) => {
      await progress(50);
      return n * 2;
    });
    const id = await queue.add('double', { n: 21 });
    assert.deepEqual(await settled('double', id), { state: 'completed', progress: 50, result: 42 });
  });

  it('tries again after a failure, and tells the last one', async () => {
    const attempts: number[] = [];
    queue.process('shaky', 1, async (_, { attempt }) => {
      attempts.push(attempt);
      throw new Error(`failure ${attempt}`);
    });
    const id = await queue.add('shaky', {}, { attempts: 2 });
    const { state, failure } = await settled('shaky', id);
    assert.deepEqual([state, failure, attempts], ['failed', 'failure 2', [1, 2]]);
    assert.ok(errors.includes('failure 1'));
  });

  it('adds a job of a known id only once', async () => {
    const runs: unknown[] = [];
    queue.process('once', 4, async (payload) => runs.push(payload));
    await Promise.all(Array.from({ length: 20 }, (_, n) => queue.add('once', { n }, { id: 'the-one' })));
    await settled('once', 'the-one');
    assert.equal(runs.length, 1);
  });

  it('runs at most as many jobs at a time as is said, and waits for them at the end', async () => {
    const worker = await connect();
    const events = new EventEmitter();
    let active = 0;
    let most = 0;
    let ended = 0;
    worker.process('slow', 3, async () => {
      active += 1;
      most = Math.max(most, active);
      events.emit('began');
      await sleep(150);
      active -= 1;
      ended += 1;
    });
    const began = once(events, 'began');
    for (let n = 0; n < 9; n += 1) await queue.add('slow', { n });
    await began;
    await sleep(400);
    await worker.close();
    assert.equal(most, 3);
    assert.equal(active, 0, `${ended} had ended`);
  });

  it('runs a schedule in its time zone', async () => {
    const ran = new EventEmitter();
    const happened = once(ran, 'run');
    queue.process<{ ward: string }>('tick', 1, async (payload) => ran.emit('run', payload));
    const every = { cron: '* * * * * *', timeZone: 'Asia/Kolkata' };
    await queue.schedule('tick', { ward: 'icu' }, every);
    await queue.schedule('tick', { ward: 'icu' }, every);
    assert.deepEqual((await happened)[0], { ward: 'icu' });
  });

  it('knows nothing of a job that was never added', async () => {
    assert.equal(await queue.find('double', 'nothing'), undefined);
  });
});
