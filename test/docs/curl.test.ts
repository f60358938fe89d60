// The commands that our documents show are run as they stand: every fenced block opened with `sh tour`, all of a document in one shell,
// against a server with the demo hospital, as `npm start` runs it. `sh tour AUTH=off` wants an empty one where nobody signs in. Blocks opened
// with `sh` alone are for reading.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { demoAccountsOnFirstStart, seedOnFirstStart } from '../../src/cli/seed.ts';
import { readConfig } from '../../src/platform/config/config.ts';
import { createLogger } from '../../src/platform/logger/logger.ts';
import { startServer } from '../../src/server.ts';
import { freshDatabase, mongodbUri, redisUrl } from '../support/engines.ts';

const root = new URL('../../', import.meta.url);
const SHOWN_SERVER = 'http://127.0.0.1:3000';

interface Run {
  code: number | null;
  /** commands as they were run, their output and their complaints, in order */
  log: string;
}

const tours = ['README.md', ...pagesOf('docs')]
  .flatMap((path) =>
    (['on', 'off'] as const).map((auth) => ({
      path,
      auth,
      blocks: tourBlocks(readFileSync(new URL(path, root), 'utf8'), auth),
    })),
  )
  .filter(({ blocks }) => blocks.length > 0);

describe('documents', function () {
  this.timeout(180_000);
  const servers: Partial<Record<'on' | 'off', ShownServer>> = {};

  before(async function () {
    const isMissing = (program: string): boolean => spawnSync(program, ['--version']).error !== undefined;
    if (isMissing('bash') || isMissing('curl')) this.skip();
    servers.on = await startShown('on');
  });
  after(async () => {
    for (const server of Object.values(servers)) await server.close();
  });

  it('include the tour of the README', () => {
    assert.ok(tours[0]?.path === 'README.md' && tours[0].blocks.length >= 5, 'README.md has lost its tour');
  });

  for (const { path, auth, blocks } of tours) {
    it(`show commands that work${auth === 'off' ? ' where nobody signs in' : ''}: ${path}`, async () => {
      servers[auth] ??= await startShown(auth);
      const { base, environment } = servers[auth];
      const commands = blocks.join('\n').replaceAll(SHOWN_SERVER, new URL(base).origin);
      const { code, log } = await runInShell(commands, environment);
      assert.equal(code, 0, `a command of ${path} failed, the last one here:\n${log}`);
    });
  }
});

function pagesOf(folder: string): string[] {
  return readdirSync(new URL(`${folder}/`, root))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `${folder}/${name}`);
}

/** https://spec.commonmark.org/0.31.2/#fenced-code-blocks */
function tourBlocks(markdown: string, auth: 'on' | 'off'): string[] {
  const info = auth === 'on' ? 'sh tour' : 'sh tour AUTH=off';
  return [...markdown.matchAll(/^```([^\n]+)\n([\s\S]*?)^```$/gm)]
    .filter(([, opened]) => opened === info)
    .map(([, , commands]) => commands!);
}

interface ShownServer {
  base: string;
  /** that commands beside the server need */
  environment: Record<string, string>;
  close(): Promise<void>;
}

/** As `npm start`, besides the engines. */
async function startShown(auth: 'on' | 'off'): Promise<ShownServer> {
  const { db, drop } = await freshDatabase('docs');
  const folder = mkdtempSync(join(tmpdir(), 'wardgate-docs-'));
  const uri = new URL(await mongodbUri());
  uri.pathname = `/${db.databaseName}`;
  const environment = { AUTH: auth, MONGODB_URI: uri.href, REDIS_URL: await redisUrl(), DATA_DIR: folder };
  const config = readConfig({ ...environment, PORT: '0' });
  const server = await startServer(config, createLogger({ level: 'error', format: 'text' }), { onLost: assert.fail });
  const first = { server, timeZone: config.timeZone, now: Date.now };
  if (auth === 'on') await seedOnFirstStart(first);
  await demoAccountsOnFirstStart(first);
  return {
    base: server.base,
    environment: { ...environment, BASE_URL: server.base },
    async close() {
      await server.close();
      await drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Ends at the first command that fails, in a pipe too. */
function runInShell(commands: string, environment: Record<string, string>): Promise<Run> {
  return new Promise((resolve, reject) => {
    const shell = spawn('bash', ['--noprofile', '--norc', '-e', '-x', '-o', 'pipefail', '-c', commands], {
      cwd: fileURLToPath(root),
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk) => (log += chunk));
    shell.on('error', reject);
    shell.on('close', (code) => resolve({ code, log: log.slice(-4000) }));
  });
}
