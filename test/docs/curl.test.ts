// The commands that our documents show are run as they stand: every fenced block opened with `sh tour`, all of a document in one
// shell, against a server of its own. Blocks opened with `sh` alone are for reading.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { startTestServer } from '../support/server.ts';

const root = new URL('../../', import.meta.url);
const SHOWN_SERVER = 'http://127.0.0.1:3000';

interface Run {
  code: number | null;
  /** commands as they were run, their output and their complaints, in order */
  log: string;
}

const tours = ['README.md', ...pagesOf('docs')]
  .map((path) => ({ path, blocks: tourBlocks(readFileSync(new URL(path, root), 'utf8')) }))
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

  for (const { path, blocks } of tours) {
    it(`show commands that work: ${path}`, async () => {
      const server = await startTestServer('docs');
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
function tourBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh tour\n([\s\S]*?)^```$/gm)].map(([, commands]) => commands!);
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
