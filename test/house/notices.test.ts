// Whoever passes Wardgate on must pass on the notices of what it uses.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('THIRD-PARTY-NOTICES', () => {
  it('names every production package in its locked version (npx tsx tools/write-notices.ts writes it)', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { version: string; dev?: boolean; devOptional?: boolean; optional?: boolean }>;
    };
    const lines = new Set(
      read('THIRD-PARTY-NOTICES')
        .split('\n')
        .map((line) => line.replace(/ \([^)]*\)+$/, '')),
    );
    const missing = Object.entries(packages)
      .filter(([path, { dev, devOptional, optional }]) => path !== '' && !dev && !devOptional && !optional)
      .map(([path, { version }]) => `${path.slice(path.lastIndexOf('node_modules/') + 13)} ${version}`)
      .filter((name) => !lines.has(name));
    assert.deepEqual(missing, []);
  });
});
