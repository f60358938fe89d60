// Loaded by .mocharc.json before all tests: ends the engines and connections that test/support/engines.ts opened.
import { stopEngines } from './engines.ts';

const PATIENCE_MS = 20_000;

export async function mochaGlobalTeardown(): Promise<void> {
  await stopEngines();
  // What a test left open would keep the run from ending: say what it is instead of waiting for ever.
  setTimeout(() => {
    console.error(`Still open after the last test: ${process.getActiveResourcesInfo().join(', ')}`);
    process.exit();
  }, PATIENCE_MS).unref();
}
