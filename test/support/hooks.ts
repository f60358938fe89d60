// Loaded by .mocharc.json before all tests: ends the engines and connections that test/support/engines.ts opened.
import { fileURLToPath } from 'node:url';
import { findPackages } from '../../src/cli/gen/packages.ts';
import { mongodbUri, stopEngines } from './engines.ts';

const PATIENCE_MS = 20_000;

/**
 * Processes that run test files side by side are told of one pair of engines and find the published definitions; a process alone gets both when they
 * are first needed.
 */
export async function mochaGlobalSetup(this: { isParallelMode(): boolean }): Promise<void> {
  if (!this.isParallelMode()) return;
  findPackages(fileURLToPath(new URL('../../', import.meta.url)), (line) => console.log(`  ${line}`));
  await mongodbUri();
}

export async function mochaGlobalTeardown(): Promise<void> {
  await stopEngines();
  // What a test left open would keep the run from ending: say what it is instead of waiting for ever.
  setTimeout(() => {
    console.error(`Still open after the last test: ${process.getActiveResourcesInfo().join(', ')}`);
    process.exit();
  }, PATIENCE_MS).unref();
}
