#!/usr/bin/env node
// What `npm start`, `npm test` and the other commands run. Plain JavaScript without dependencies, because on a fresh clone
// there are none yet: it checks Node, installs what is missing, builds what changed, and hands over.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NEEDED_NODE = [20, 19];
/** Each test process takes about a gigabyte. */
const MOST_JOBS = 4;
/** what would else be left over for one process at the end */
const LONG_TESTS = [
  'test/examples/official-examples.test.ts',
  'test/unit/fhir/validation/official-examples.test.ts',
  'test/access/oracle.test.ts',
  'test/docs/curl.test.ts',
  'test/crash/killed-database.test.ts',
  'test/crash/killed-server.test.ts',
  'test/platform/start.test.ts',
];
/** a lock that is older was left by a process whose number another one has now */
const LONGEST_BUILD_MS = 600_000;
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => path.join(root, ...parts);

/** TypeScript that runs uncompiled: development commands */
const scripts = { bench: ['bench/index.ts'], gen: ['src/cli/gen.ts'], environment: ['tools/write-environment.ts'] };

async function main([command = 'start', ...args]) {
  checkNode();
  await install();
  if (command === 'test') return test(args);
  if (scripts[command]) return run('node_modules/tsx/dist/cli.mjs', [...scripts[command], ...args]);
  await build();
  if (command === 'build') return 0;
  process.argv = [process.argv[0], at('bin/wardgate.mjs'), command, ...args];
  await import(pathToFileURL(at('dist/cli/index.js')).href);
  return undefined;
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NEEDED_NODE[0] || (major === NEEDED_NODE[0] && minor >= NEEDED_NODE[1])) return;
  fail(`Wardgate needs Node.js ${NEEDED_NODE.join('.')} or newer; this is ${process.versions.node}.`);
}

/** Named files run in one process. Options alone mean all tests, in JOBS processes side by side, those first that take long. */
async function test(args) {
  const mocha = 'node_modules/mocha/bin/mocha.js';
  if (args.some((arg) => arg.endsWith('.test.ts'))) return run(mocha, args);
  // Tests that run commands would else build at the same time.
  await build();
  const jobs = Number(process.env.JOBS) || Math.min(os.availableParallelism(), MOST_JOBS);
  const files = sourcesOf(at('test'))
    .map((file) => path.relative(root, file).replaceAll(path.sep, '/'))
    .filter((file) => file.endsWith('.test.ts') && !file.includes('node_modules'));
  const rank = (file) => LONG_TESTS.indexOf(file) + 1 || LONG_TESTS.length + 1;
  files.sort((a, b) => rank(a) - rank(b));
  return run(mocha, [...(jobs > 1 ? ['--parallel', '--jobs', String(jobs)] : []), ...files, ...args]);
}

async function install() {
  const lock = createHash('sha256')
    .update(fs.readFileSync(at('package-lock.json')))
    .digest('hex');
  const marker = at('node_modules/.wardgate-lock');
  if (textOf(marker) === lock) return;
  // Installed by hand: npm's own note is then at least as new as the lock file.
  if (timeOf(at('node_modules/.package-lock.json')) >= timeOf(at('package-lock.json'))) {
    fs.writeFileSync(marker, lock);
    return;
  }
  say('Installing dependencies …');
  const npm = process.env.npm_execpath;
  const [program, first] = npm?.endsWith('js') ? [process.execPath, [npm]] : ['npm', []];
  const code = await quietly(program, [...first, 'install', '--no-audit', '--no-fund', '--loglevel=error'], {
    shell: program === 'npm' && process.platform === 'win32',
  });
  if (code !== 0) fail('npm could not install the dependencies; its message is above.');
  fs.writeFileSync(marker, lock);
}

async function build() {
  if (isBuilt()) return;
  await alone(async () => {
    // another command may have done it meanwhile
    if (!isBuilt()) await buildAll();
  });
}

const MARKER = at('dist/.wardgate-build');
const isBuilt = () => textOf(MARKER) === stateOf(sourcesOf(at('src')));

function stateOf(files) {
  const state = createHash('sha256');
  for (const file of [...files, at('tsconfig.json'), at('node_modules/.wardgate-lock')]) {
    const { mtimeMs, size } = fs.statSync(file);
    state.update(`${path.relative(root, file)} ${mtimeMs} ${size}\n`);
  }
  return state.digest('hex');
}

/** Two commands at once would compile into each other's files: one builds, and the others wait for it. */
async function alone(step) {
  const lock = at('node_modules/.wardgate-building');
  for (;;) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const [owner, since] = [textOf(lock), timeOf(lock)];
    if (owner === undefined || since === 0) continue;
    if (isRunning(Number(owner)) && Date.now() - since < LONGEST_BUILD_MS) await sleep(200);
    else fs.rmSync(lock, { force: true });
  }
  try {
    await step();
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

/** 0: it has not said its number yet */
function isRunning(pid) {
  try {
    return pid === 0 || process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

async function buildAll() {
  const files = sourcesOf(at('src'));
  const wanted = stateOf(files);
  say('Building …');
  await compile();
  const isComplete = () => files.every((file) => !isCode(file) || fs.existsSync(compiledOf(file)));
  if (!isComplete()) {
    // The compiler remembers what it wrote, not that it was deleted since.
    fs.rmSync(at('dist'), { recursive: true });
    await compile();
  }
  copyData(files);
  removeLeftovers();
  fs.writeFileSync(MARKER, wanted);
}

async function compile() {
  // Types are checked by `npm run check`; here they would only make the start wait.
  const code = await quietly(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', root, '--noCheck']);
  if (code !== 0) fail('The build failed; the compiler’s message is above.');
}

const isCode = (file) => file.endsWith('.ts') && !file.endsWith('.d.ts');

const sourcesOf = (folder) =>
  fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();

const compiledOf = (source) => at('dist', path.relative(at('src'), source)).replace(/\.ts$/, '.js');

/** Pages, tables and other data beside the code. */
function copyData(files) {
  for (const file of files.filter((name) => !name.endsWith('.ts'))) {
    fs.mkdirSync(path.dirname(compiledOf(file)), { recursive: true });
    fs.copyFileSync(file, compiledOf(file));
  }
}

/** Modules are found by their suffix: a compiled one whose source is gone would still be found. */
function removeLeftovers() {
  const wanted = new Set(sourcesOf(at('src')).map(compiledOf));
  for (const file of sourcesOf(at('dist'))) {
    if (!path.basename(file).startsWith('.') && !wanted.has(file)) fs.rmSync(file);
  }
}

/** Runs a program of the project in place of this one: its output, its exit code, its signals. */
function run(file, args) {
  const child = spawn(process.execPath, [at(file), ...args], { cwd: root, stdio: 'inherit' });
  // Ctrl-C reaches the child by itself; this process must only outlive it to pass on its exit code.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
}

/** Shows what the program wrote only when it fails. */
function quietly(program, args, options = {}) {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let output = '';
  const keep = (chunk) => {
    output += chunk;
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((resolve) => {
    child.once('error', (error) => {
      say(error.message);
      resolve(1);
    });
    child.once('close', (code) => {
      if (code !== 0) process.stderr.write(output);
      resolve(code);
    });
  });
}

function textOf(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function timeOf(file) {
  try {
    return fs.statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function fail(line) {
  say(line);
  process.exit(1);
}

const code = await main(process.argv.slice(2));
if (code !== undefined) process.exitCode = code;
