// The commands that our documents show are run as they stand: every fenced block opened with `sh tour`, all of a document in one
// shell, against a server of its own. `sh tour AUTH=on` wants a server where people sign in. Blocks opened with `sh` alone are for reading.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { readConfig } from '../../src/platform/config/config.ts';
import { createLogger } from '../../src/platform/logger/logger.ts';
import { type RunningServer, startServer } from '../../src/server.ts';
import { freshDatabase, mongodbUri, redisUrl } from '../support/engines.ts';
import { startTestServer } from '../support/server.ts';

const root = new URL('../../', import.meta.url);
const SHOWN_SERVER = 'http://127.0.0.1:3000';

interface Run {
  code: number | null;
  /** commands as they were run, their output and their complaints, in order */
  log: string;
}

const tours = ['README.md', ...pagesOf('docs')]
  .flatMap((path) =>
    (['off', 'on'] as const).map((auth) => ({
      path,
      auth,
      blocks: tourBlocks(readFileSync(new URL(path, root), 'utf8'), auth),
    })),
  )
  .filter(({ blocks }) => blocks.length > 0);

describe('documents', function () {
  this.timeout(60_000);

  before(function () {
    const isMissing = (program: string): boolean => spawnSync(program, ['--version']).error !== undefined;
    if (isMissing('bash') || isMissing('curl')) this.skip();
  });

  it('include the tour of the README', () => {
    assert.ok(tours[0]?.path === 'README.md' && tours[0].blocks.length >= 5, 'README.md has lost its tour');
  });

  for (const { path, auth, blocks } of tours) {
    it(`show commands that work${auth === 'on' ? ' where people sign in' : ''}: ${path}`, async () => {
      const server = await (auth === 'on' ? startSignIn() : startTestServer('docs'));
      try {
        const commands = blocks.join('\n').replaceAll(SHOWN_SERVER, new URL(server.base).origin);
        const { code, log } = await runInShell(commands);
        assert.equal(code, 0, `a command of ${path} failed, the last one here:\n${log}`);
      } finally {
        await server.close();
      }
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
  const info = auth === 'on' ? 'sh tour AUTH=on' : 'sh tour';
  return [...markdown.matchAll(/^```([^\n]+)\n([\s\S]*?)^```$/gm)]
    .filter(([, opened]) => opened === info)
    .map(([, , commands]) => commands!);
}

/** As `npm start` with AUTH=on, besides the engines. */
async function startSignIn(): Promise<Pick<RunningServer, 'base' | 'close'>> {
  const { db, drop } = await freshDatabase('docs');
  const uri = new URL(await mongodbUri());
  uri.pathname = `/${db.databaseName}`;
  const config = readConfig({
    AUTH: 'on',
    PORT: '0',
    SEED: 'none',
    MONGODB_URI: uri.href,
    REDIS_URL: await redisUrl(),
  });
  const server = await startServer(config, createLogger({ level: 'error', format: 'text' }), { onLost: assert.fail });
  return {
    base: server.base,
    async close() {
      await server.close();
      await drop();
    },
  };
}

/** Ends at the first command that fails, in a pipe too. */
function runInShell(commands: string): Promise<Run> {
  return new Promise((resolve, reject) => {
    const shell = spawn('bash', ['--noprofile', '--norc', '-e', '-x', '-o', 'pipefail', '-c', commands], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk) => (log += chunk));
    shell.on('error', reject);
    shell.on('close', (code) => resolve({ code, log: log.slice(-4000) }));
  });
}
