// Loaded by .mocharc.json before all tests: ends the engines and connections that test/support/engines.ts opened.
import { mongodbUri, stopEngines } from './engines.ts';

const PATIENCE_MS = 20_000;

/** Processes that run test files side by side are told of one pair of engines; a process alone starts them when they are first needed. */
export async function mochaGlobalSetup(this: { isParallelMode(): boolean }): Promise<void> {
  if (this.isParallelMode()) await mongodbUri();
}

export async function mochaGlobalTeardown(): Promise<void> {
  await stopEngines();
  // What a test left open would keep the run from ending: say what it is instead of waiting for ever.
  setTimeout(() => {
    console.error(`Still open after the last test: ${process.getActiveResourcesInfo().join(', ')}`);
    process.exit();
  }, PATIENCE_MS).unref();
}
