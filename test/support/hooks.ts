// Loaded by .mocharc.json before all tests: ends the engines and connections that test/support/engines.ts opened.
import { stopEngines } from './engines.ts';

export async function mochaGlobalTeardown(): Promise<void> {
  await stopEngines();
}
