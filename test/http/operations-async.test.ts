import assert from 'node:assert/strict';
import { FhirError } from '../../src/fhir/model/errors.ts';
import { numberText, parseJson } from '../../src/fhir/model/json.ts';
import type { OperationModule } from '../../src/fhir/operations/operation.ts';
import { createQueue, type Queue } from '../../src/platform/queue/queue.ts';
import { anEngine, BASE, type EngineOfTest, type Reply } from '../support/an-engine.ts';
import { anOperationDefinition } from '../support/an-operation-definition.ts';
import { aCaller } from '../support/callers.ts';
import { redisUrl } from '../support/engines.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('an operation on the queue', () => {
  let queue: Queue;
  let engine: EngineOfTest;
  let runs = 0;
  let finish: () => void;
  let aborted = 0;
  let text = '';

  const module: OperationModule = {
    definition: 'count-slowly',
    needs: [],
    async: 'allowed',
    async run(input, { progress, signal, store }) {
      const { mode, amount } = input;
      runs++;
      text = numberText(input, 'amount');
      if (mode === 'refuse') throw new FhirError('business-rule', 'not today');
      if (mode === 'stumble' && runs === 1) throw new Error('stumbled');
      if (mode === 'wait') {
        await progress('half way');
        await new Promise<void>((resolve) => {
          finish = resolve;
          signal.addEventListener('abort', () => {
            aborted++;
            resolve();
          });
        });
      }
      if (mode === 'stubborn') {
        await progress('half way');
        for (let n = 0; ; n++) {
          const resource = { resourceType: 'Basic', id: 'stubborn', code: { text: String(n) } };
          await store.write({ kind: 'update', type: 'Basic', id: 'stubborn', resource });
        }
      }
      return { total: amount };
    },
  };
  const definition = anOperationDefinition({
    id: 'count-slowly',
    code: 'count-slowly',
    affectsState: true,
    resource: undefined,
    system: true,
    instance: false,
    parameter: [
      { name: 'mode', type: 'code', min: 1 },
      { name: 'amount', type: 'decimal' },
      { name: 'total', use: 'out', type: 'decimal' },
    ],
  });

  before(async () => {
    const prefix = `test-async-${process.pid}-${Date.now()}`;
    queue = createQueue({ redisUrl: await redisUrl(), prefix, onError: () => undefined });
    engine = await anEngine('operations_async', { queue, operations: [{ definition, module }] });
  });
  after(async () => {
    await queue.close();
    await engine.drop();
  });
  beforeEach(() => {
    runs = 0;
    aborted = 0;
  });

  /** the status URL below the base */
  async function start(body: object): Promise<string> {
    const reply = await engine.send('POST', '$count-slowly', body, { prefer: 'respond-async' });
    assert.equal(reply.status, 202, JSON.stringify(reply.body));
    const url = reply.answer.headers?.['Content-Location'] ?? '';
    assert.ok(url.startsWith(`${BASE}/$async-status/`), url);
    return url.slice(BASE.length + 1);
  }

  async function until(url: string, isReached: (reply: Reply) => boolean): Promise<Reply> {
    for (let tries = 0; tries < 200; tries++) {
      const reply = await engine.send('GET', url);
      if (isReached(reply)) return reply;
      await pause(50);
    }
    throw new Error('never reached');
  }
  const isDone = ({ status }: Reply): boolean => status !== 202;

  it('tells how far it is, and then gives the answer', async () => {
    const url = await start({ mode: 'wait', amount: 3 });
    const running = await until(url, ({ answer }) => answer.headers?.['X-Progress'] === 'half way');
    assert.equal(running.status, 202);
    assert.ok(Number(running.answer.headers?.['Retry-After']) > 0);
    finish();
    const done = await until(url, isDone);
    assert.equal(done.status, 200);
    assert.deepEqual(done.body.parameter[0].name, 'total');
    assert.deepEqual((await engine.send('GET', url)).body, done.body);
  });

  it('keeps the text of decimals on the way through the queue', async () => {
    await until(await start(parseJson('{"mode":"go","amount":1.50}') as object), isDone);
    assert.equal(text, '1.50');
  });

  it('gives a refusal as it would have been given at once', async () => {
    const done = await until(await start({ mode: 'refuse' }), isDone);
    assert.equal(done.status, 422);
    assert.equal(done.body.issue[0].diagnostics, 'not today');
    assert.equal(runs, 1);
  });

  it('is tried again where it broke down', async () => {
    const done = await until(await start({ mode: 'stumble', amount: 1 }), isDone);
    assert.deepEqual([done.status, runs], [200, 2]);
  });

  it('checks its input before it is queued', async () => {
    const reply = await engine.send('POST', '$count-slowly', { mod: 'go' }, { prefer: 'respond-async' });
    assert.equal(reply.status, 400);
  });

  it('ends when it is cancelled', async () => {
    const url = await start({ mode: 'wait' });
    await until(url, ({ answer }) => answer.headers?.['X-Progress'] === 'half way');
    assert.equal((await engine.send('DELETE', url)).status, 202);
    assert.equal((await engine.send('GET', url)).status, 404);
    for (let tries = 0; tries < 100 && aborted === 0; tries++) await pause(50);
    assert.equal(aborted, 1);
  });

  describe('of somebody who may not do it any more', () => {
    const caller = aCaller('admin');
    let mayGoOn = true;
    let other: Queue;
    let own: EngineOfTest;
    before(async () => {
      const prefix = `test-async-over-${process.pid}-${Date.now()}`;
      other = createQueue({ redisUrl: await redisUrl(), prefix, onError: () => undefined });
      own = await anEngine('operations_async_over', {
        queue: other,
        operations: [{ definition, module }],
        caller,
        mayGoOn: async ({ id }) => id !== caller.id || mayGoOn,
      });
    });
    after(async () => {
      await other.close();
      await own.drop();
    });
    beforeEach(() => {
      mayGoOn = true;
    });

    async function begin(body: object): Promise<string> {
      const { answer } = await own.send('POST', '$count-slowly', body, { prefer: 'respond-async' });
      return answer.headers!['Content-Location']!.slice(BASE.length + 1);
    }
    async function answerOf(url: string, isReached = isDone): Promise<Reply> {
      for (let tries = 0; tries < 200; tries++) {
        const reply = await own.send('GET', url);
        if (isReached(reply)) return reply;
        await pause(50);
      }
      throw new Error('never reached');
    }
    const isRefused = ({ status, body }: Reply): void =>
      assert.deepEqual(
        [status, body.issue[0].code, body.issue[0].diagnostics],
        [403, 'forbidden', 'The work has ended: who began it may not do it any more'],
      );

    it('ends within seconds while it runs, and the status URL says so', async () => {
      const url = await begin({ mode: 'wait', amount: 3 });
      await answerOf(url, ({ answer }) => answer.headers?.['X-Progress'] === 'half way');
      mayGoOn = false;
      const began = performance.now();
      isRefused(await answerOf(url));
      assert.ok(performance.now() - began < 5000);
      assert.equal(aborted, 1);
    });

    it('is not even begun, though it was on the queue already', async () => {
      mayGoOn = false;
      isRefused(await answerOf(await begin({ mode: 'go', amount: 3 })));
      assert.equal(runs, 0);
    });

    it('reads and writes nothing after that, though the operation goes on', async () => {
      const url = await begin({ mode: 'stubborn' });
      await answerOf(url, ({ answer }) => answer.headers?.['X-Progress'] === 'half way');
      mayGoOn = false;
      isRefused(await answerOf(url));
      const left = await own.store.read('Basic', 'stubborn');
      const reached = left?.version;
      await pause(300);
      assert.equal((await own.store.read('Basic', 'stubborn'))?.version, reached);
    });
  });

  it('is done after a restart, even if the queue has forgotten it', async () => {
    const forgetful = { add: async () => 'lost', process: () => undefined, find: async () => undefined };
    const { database } = engine;
    const before = await anEngine('operations_async', {
      queue: forgetful,
      operations: [{ definition, module }],
      database,
    });
    const reply = await before.send('POST', '$count-slowly', { mode: 'go', amount: 4 }, { prefer: 'respond-async' });
    const url = reply.answer.headers!['Content-Location']!.slice(BASE.length + 1);
    assert.equal((await before.send('GET', url)).status, 202);
    const done = await until(url, isDone);
    assert.deepEqual([done.status, done.body.parameter[0].valueDecimal], [200, 4]);
    await before.close();
  });

  it('is unknown under any other address', async () => {
    assert.equal((await engine.send('GET', '$async-status/guess')).status, 404);
    assert.equal((await engine.send('DELETE', '$async-status/guess')).status, 404);
  });

  it('waits where the client does not ask for the queue', async () => {
    const reply = await engine.send('POST', '$count-slowly', { mode: 'go', amount: 2 });
    assert.deepEqual([reply.status, reply.body.parameter[0].valueDecimal], [200, 2]);
  });
});
