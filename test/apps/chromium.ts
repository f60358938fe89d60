// A headless Chromium for tests: CHROMIUM_PATH, or the system's. Where there is none, tests say so and are skipped.
import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';

const places = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export const chromiumPath = (): string | undefined => places.find((place) => place !== undefined && existsSync(place));

export async function startChromium(): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: chromiumPath()!, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** For `before` hooks: skips what follows, and says how it can be run. */
export function needChromium(context: Mocha.Context, tests: string): void {
  if (chromiumPath() !== undefined) return;
  console.log(`    ${tests} are skipped: no Chromium. Install one (apt-get install chromium) or set CHROMIUM_PATH.`);
  context.skip();
}
