// The audit log itself: that nothing acknowledged is lost, and that nothing can be changed unseen. Real files, a real database, kill -9.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Db } from 'mongodb';
import { readFrames, recordsIn } from '../../src/fhir/audit/chain.ts';
import { type Journal, openJournal } from '../../src/fhir/audit/journal.ts';
import type { NewRecord } from '../../src/fhir/audit/record.ts';
import { prune } from '../../src/fhir/audit/retention.ts';
import { type Checked, type Claim, verify } from '../../src/fhir/audit/verify.ts';
import type { AuditLog } from '../../src/fhir/storage/audit-log.ts';
import { createAuditLog } from '../../src/fhir/storage/mongo/audit/index.ts';
import { sleep } from '../../src/platform/clock/clock.ts';
import { type FreshDatabase, freshDatabase, mongodbUri, redisUrl } from '../support/engines.ts';

const PROCESS = fileURLToPath(new URL('audited-process.ts', import.meta.url));
const TSX = createRequire(import.meta.url).resolve('tsx');
const read = (id: string): NewRecord => ({
  kind: 'read',
  type: 'Patient',
  id,
  status: 200,
  patients: [id],
  address: '192.0.2.1',
  by: 'a1',
});

describe('the audit log', function () {
  this.timeout(120_000);
  let database: FreshDatabase;
  let log: AuditLog;
  let folder: string;
  let key: Buffer;
  const said: string[] = [];
  const note = (text: string): void => void said.push(text);
  const logger = { error: note, warn: note, info: note };

  beforeEach(async () => {
    database = await freshDatabase('auditlog');
    log = createAuditLog(database.db);
    await log.prepare();
    folder = mkdtempSync(join(tmpdir(), 'wardgate-audit-'));
    key = randomBytes(32);
    said.length = 0;
  });
  afterEach(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (more: { sync?: 'interval' | 'always'; log?: AuditLog; now?: () => number } = {}): Promise<Journal> =>
    openJournal({ log, folder, key, now: Date.now, sync: 'interval', logger, ...more });

  /** a chain with so many records in blocks of three */
  async function aChain(records: number, now?: () => number): Promise<string> {
    const journal = await open(now && { now });
    for (let i = 1; i <= records; i++) {
      await journal.write([read(`p${i}`)]);
      if (i % 3 === 0) await journal.carry();
    }
    await journal.close();
    return journal.chain;
  }

  const idsIn = async (chain: string): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { frames } of log.chain(chain)) {
      for (const frame of readFrames(frames).frames)
        for (const { id } of recordsIn(frame)) if (id !== undefined) ids.push(id);
    }
    return ids;
  };
  const check = (claims: readonly Claim[] = [], own = key): Promise<Checked> => verify(log, own, claims);

  describe('is written', () => {
    it('once for each record, in their order, by many writers at once', async () => {
      const journal = await open();
      await Promise.all(Array.from({ length: 500 }, (_, i) => journal.write([read(`a${i}`), read(`b${i}`)])));
      await journal.close();
      const ids = await idsIn(journal.chain);
      assert.deepEqual(ids, Array.from({ length: 500 }, (_, i) => [`a${i}`, `b${i}`]).flat());
      assert.deepEqual((await check()).defects, []);
      assert.deepEqual(readdirSync(folder), [], 'what is carried on leaves no file');
    });

    it('in one piece where one request has thousands of records', async () => {
      const journal = await open();
      await journal.write(Array.from({ length: 12_345 }, (_, i) => read(`r${i}`)));
      await journal.close();
      assert.equal((await idsIn(journal.chain)).length, 12_345);
      const { chains, defects } = await check();
      assert.deepEqual(defects, []);
      assert.deepEqual([chains[0]?.first, chains[0]?.last], [1, 12_347]);
    });

    it('under a load that never pauses: in blocks worth the name, and the file does not grow', async () => {
      const journal = await open({ sync: 'always' });
      const url = `Patient?name=${'x'.repeat(6000)}`;
      const [file = ''] = readdirSync(folder);
      let largest = 0;
      const written: Promise<void>[] = [];
      const wanted = Array.from({ length: 4000 }, (_, i) => `p${i}`);
      for (let at = 0; at < wanted.length; at += 10) {
        written.push(journal.write(wanted.slice(at, at + 10).map((id) => ({ ...read(id), url }))));
        largest = Math.max(largest, statSync(join(folder, file)).size);
        await sleep(5);
      }
      await Promise.all(written);
      await journal.close();
      assert.deepEqual(await idsIn(journal.chain), wanted);
      assert.deepEqual((await check()).defects, []);
      const blocks = await database.db.collection('audit_log').countDocuments();
      assert.ok(blocks < 100, `${blocks} blocks for 24 MB`);
      assert.ok(largest < 16_000_000, `a file of ${largest} bytes`);
      assert.deepEqual(readdirSync(folder), []);
      assert.deepEqual(said, []);
    });

    for (const sync of ['interval', 'always'] as const) {
      it(`before it is acknowledged: a file left behind has it all (AUDIT_SYNC=${sync})`, async () => {
        const journal = await open({ sync, log: { ...log, append: () => Promise.reject(new Error('no database')) } });
        for (let i = 0; i < 20; i++) {
          await journal.write([read(`p${i}`)]);
          const [file = ''] = readdirSync(folder);
          assert.ok(readFileSync(join(folder, file), 'utf8').includes(`"p${i}"`));
        }
        await journal.close();
        assert.ok(said.some((text) => text.includes('waits in its file')));
        assert.deepEqual(await idsIn(journal.chain), []);
        forgetOwner();
        const next = await open();
        assert.deepEqual(
          await idsIn(journal.chain),
          Array.from({ length: 20 }, (_, i) => `p${i}`),
        );
        await next.close();
        assert.deepEqual((await check()).defects, []);
      });
    }

    it('on from where a server was that died in the middle of carrying', async () => {
      let fails = 2;
      const failing: AuditLog = {
        ...log,
        async append(block, name) {
          const answer = await log.append(block, name);
          // it is there, and the server does not get to know
          if (fails-- > 0) throw new Error('connection lost');
          return answer;
        },
      };
      const journal = await open({ log: failing });
      for (let i = 0; i < 9; i++) {
        await journal.write([read(`p${i}`)]);
        await journal.carry().catch(() => undefined);
      }
      await journal.close();
      assert.deepEqual(
        await idsIn(journal.chain),
        Array.from({ length: 9 }, (_, i) => `p${i}`),
      );
      assert.deepEqual((await check()).defects, []);
    });

    it('once, where the file that a dead server left is long and most of it was carried in other blocks', async () => {
      const journal = await open();
      const url = `Patient?name=${'x'.repeat(6000)}`;
      const wanted = Array.from({ length: 600 }, (_, i) => `p${i}`);
      for (const [index, id] of wanted.entries()) {
        await journal.write([{ ...read(id), url }]);
        if (index % 50 === 49) await journal.carry();
      }
      const [file = ''] = readdirSync(folder);
      const left = readFileSync(join(folder, file));
      await journal.close();
      writeFileSync(join(folder, file), left);
      forgetOwner();
      await (await open()).close();
      assert.deepEqual(await idsIn(journal.chain), wanted);
      assert.deepEqual((await check()).defects, []);
      assert.deepEqual(readdirSync(folder), []);
    });

    /** as if the process that wrote the files were gone */
    function forgetOwner(): void {
      for (const file of readdirSync(folder)) {
        const path = join(folder, file);
        const text = readFileSync(path, 'utf8');
        const header = JSON.parse(text.slice(0, text.indexOf('\n')));
        writeFileSync(
          path,
          JSON.stringify({ ...header, process: { pid: 1, started: 'another' } }) + text.slice(text.indexOf('\n')),
        );
      }
    }
  });

  describe('is not lost', () => {
    it('by kill -9: whatever was answered is on record, several times in a row', async () => {
      const answered = new Set<string>();
      const { db } = database;
      for (let round = 0; round < 2; round++) {
        const server = await start(db);
        const deadline = performance.now() + 700 + Math.random() * 600;
        let count = 0;
        const client = async (worker: number): Promise<void> => {
          while (performance.now() < deadline + 500) {
            const id = `k-${round}-${worker}-${count++}`;
            const reply = await fetch(`${server.base}/Patient/${id}`, {
              headers: { 'x-request-id': id, authorization: 'Bearer tester' },
            }).catch(() => undefined);
            if (reply === undefined) return;
            await reply.text().catch(() => undefined);
            answered.add(id);
          }
        };
        const clients = [0, 1, 2, 3, 4, 5, 6, 7].map(client);
        await sleep(deadline - performance.now());
        const ended = once(server.child, 'exit');
        server.child.kill('SIGKILL');
        await Promise.all([...clients, ended]);
      }
      assert.ok(answered.size > 50, `${answered.size} answers`);
      const last = await open();
      await last.close();
      const recorded = new Set<string>();
      for (const chain of await log.chains()) for (const id of await idsIn(chain)) recorded.add(id);
      const missing = [...answered].filter((id) => !recorded.has(id));
      assert.deepEqual(missing, [], `of ${answered.size} answered`);
      const { defects, chains } = await check();
      assert.deepEqual(defects, []);
      assert.equal(chains.length, 3);
    });

    it('by a full disk: what cannot be written down is not answered, and nothing is missing in between', async () => {
      // no file may grow beyond 100 kB: the log is full after some hundred requests
      const server = await start(database.db, 'ulimit -f 100; exec "$0" "$@"');
      const statuses: number[] = [];
      const answered = new Set<string>();
      for (let i = 0; i < 600; i++) {
        const reply = await fetch(`${server.base}/Patient/f-${i}`, { headers: { authorization: 'Bearer tester' } });
        statuses.push(reply.status);
        if (reply.status === 404) answered.add(`f-${i}`);
        else if (answered.size > 0) assert.match(await reply.text(), /"code":"transient"[\s\S]*cannot be recorded/);
      }
      const ended = once(server.child, 'exit');
      server.child.kill('SIGKILL');
      await ended;
      assert.deepEqual([...new Set(statuses)], [404, 503]);
      const next = await open();
      await next.close();
      const recorded = new Set<string>();
      for (const chain of await log.chains()) for (const id of await idsIn(chain)) recorded.add(id);
      assert.deepEqual(
        [...answered].filter((id) => !recorded.has(id)),
        [],
      );
      assert.deepEqual((await check()).defects, []);
    });

    async function start(db: Db, shell?: string): Promise<{ base: string; child: ChildProcess }> {
      const command = [process.execPath, '--import', TSX, PROCESS];
      const [program = '', ...args] = shell === undefined ? command : ['bash', '-c', shell, ...command];
      const child = spawn(program, args, {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: {
          ...process.env,
          TEST_MONGODB_URI: await mongodbUri(),
          TEST_REDIS_URL: await redisUrl(),
          AUDIT_DATABASE: db.databaseName,
          AUDIT_FOLDER: folder,
          AUDIT_KEY: key.toString('hex'),
        },
      });
      let output = '';
      return new Promise((resolve, reject) => {
        child.stdout?.on('data', (chunk: Buffer) => {
          output += chunk.toString();
          const base = /^base (\S+)/m.exec(output)?.[1];
          if (base !== undefined) resolve({ base, child });
        });
        child.on('exit', () => reject(new Error(`the server ended: ${output}`)));
      });
    }
  });

  describe('shows', () => {
    interface Block {
      _id: string;
      last: number;
      until: number;
      tags: string[];
      frames: { buffer: Buffer };
      hash: string;
    }
    const blocks = () => database.db.collection<Block>('audit_log');
    const inOrder = () => blocks().find().sort({ _id: 1 }).toArray();

    const rows: { what: string; do(): Promise<unknown>; finds: RegExp }[] = [
      { what: 'nothing where nothing was done', do: async () => undefined, finds: /^$/ },
      {
        what: 'a record that was changed, and where',
        async do() {
          const block = (await inOrder())[2]!;
          const text = block.frames.buffer.toString().replace('"p8"', '"p9"');
          await blocks().updateOne({ _id: block._id }, { $set: { frames: Buffer.from(text) } } as never);
        },
        finds: /^9-9 records were changed, or those before them$/,
      },
      {
        what: 'a record that was removed from its block',
        async do() {
          const block = (await inOrder())[2]!;
          const lines = block.frames.buffer.toString().split('\n');
          await blocks().updateOne({ _id: block._id }, {
            $set: { frames: Buffer.from(lines.slice(2).join('\n')) },
          } as never);
        },
        finds: /8-8 records are missing/,
      },
      {
        what: 'a block that was removed',
        do: async () => blocks().deleteOne({ _id: (await inOrder())[1]!._id }),
        finds: /^5-7 records are missing/,
      },
      {
        what: 'the first block removed',
        do: async () => blocks().deleteOne({ _id: (await inOrder())[0]!._id }),
        finds: /^1-4 records are missing/,
      },
      {
        what: 'blocks whose contents were exchanged',
        async do() {
          const [, one, other] = (await inOrder()) as [Block, Block, Block];
          await blocks().updateOne({ _id: one._id }, {
            $set: { frames: other.frames, last: other.last, hash: other.hash },
          } as never);
          await blocks().updateOne({ _id: other._id }, {
            $set: { frames: one.frames, last: one.last, hash: one.hash },
          } as never);
        },
        finds: /records are missing[\s\S]*another order/,
      },
      {
        what: 'a block that cannot be found by what is in it any more',
        do: async () =>
          blocks().updateOne({ _id: (await inOrder())[1]!._id }, { $pull: { tags: 'patient|Patient/p5' } }),
        finds: /^5-7 the block is damaged, or what it is found by was changed/,
      },
      {
        what: 'the end cut off',
        do: async () => blocks().deleteOne({ _id: (await inOrder()).at(-1)!._id }),
        finds: /records are missing at the end/,
      },
      {
        what: 'a key that is not the one it was made with',
        async do() {
          key = randomBytes(32);
        },
        finds: /^1-4 cannot be checked: made with another key/,
      },
    ];
    for (const { what, do: tamper, finds } of rows) {
      it(what, async () => {
        await aChain(12);
        await tamper();
        const { defects } = await check();
        assert.match(defects.map(({ from, to, what: said }) => `${from}-${to} ${said}`).join('\n'), finds);
      });
    }

    it('the end cut off together with what says where the end is, by the next server’s chain', async () => {
      const chain = await aChain(6);
      await aChain(3);
      const own = await blocks()
        .find({ _id: { $regex: `^${chain}` } })
        .sort({ _id: 1 })
        .toArray();
      await blocks().deleteOne({ _id: own.at(-1)!._id });
      const kept = own.at(-2)!;
      await database.db
        .collection<{ _id: string }>('audit_heads')
        .updateOne({ _id: chain }, { $set: { n: kept.last, hash: kept.hash } } as never);
      const { defects } = await check();
      assert.equal(defects.length, 1);
      assert.match(defects[0]!.what, /^records are missing: record 8 is known by chain \w+, record 1$/);
      assert.deepEqual([defects[0]!.chain, defects[0]!.from, defects[0]!.to], [chain, 8, 8]);
    });

    it('a whole chain taken away, by the next server’s chain', async () => {
      const chain = await aChain(6);
      await aChain(1);
      await blocks().deleteMany({ _id: { $regex: `^${chain}` } });
      await database.db.collection<{ _id: string }>('audit_heads').deleteOne({ _id: chain });
      const { defects } = await check();
      assert.deepEqual(
        defects.map(({ chain: of, from, to }) => [of, from, to]),
        [[chain, 1, 8]],
      );
    });

    it('the newest end cut off, by a head that was kept elsewhere', async () => {
      const chain = await aChain(6);
      const [head] = await log.heads();
      await blocks().deleteOne({ _id: (await inOrder()).at(-1)!._id });
      const kept = (await inOrder()).at(-1)!;
      await database.db
        .collection<{ _id: string }>('audit_heads')
        .updateOne({ _id: chain }, { $set: { n: kept.last, hash: kept.hash } } as never);
      assert.deepEqual((await check()).defects, [], 'the database alone cannot know');
      const { defects } = await check([{ chain, n: head!.n, hash: head!.hash, by: 'the operator' }]);
      assert.match(defects[0]?.what ?? '', /record 8 is known by the operator/);
    });

    it('a history that was written anew with the same key but other content, by a head that was kept', async () => {
      const chain = await aChain(3);
      const [head] = await log.heads();
      const { defects } = await check([{ chain, n: head!.n, hash: 'x'.repeat(32), by: 'the operator' }]);
      assert.match(defects[0]?.what ?? '', /^another history is known at record 5, by the operator/);
    });

    it('nothing where records were removed because their time was over, and who removes without the mark is seen', async () => {
      let now = Date.parse('2026-01-01T00:00:00Z');
      const old = await aChain(6, () => (now += 1000));
      const journal = await open({ now: () => (now += 1000) });
      const cut = now + 500;
      await journal.write([read('kept')]);
      await prune(cut, { log, key, now: () => now, journal, logger });
      await journal.close();
      assert.deepEqual(await idsIn(old), []);
      assert.deepEqual(await idsIn(journal.chain), ['kept']);
      const { defects } = await check();
      assert.deepEqual(defects, []);
      await database.db.collection<{ _id: string }>('audit_heads').updateOne({ _id: journal.chain }, {
        $set: { pruned: { n: 2, hash: 'x'.repeat(32), mark: 'y'.repeat(32) } },
      } as never);
      await blocks().deleteOne({ _id: { $regex: `^${journal.chain}` } });
      const forged = await check();
      assert.match(
        forged.defects.map(({ what }) => what).join('\n'),
        /the mark that explains why they are gone is not genuine/,
      );
    });
  });
});
