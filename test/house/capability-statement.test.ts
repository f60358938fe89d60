import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { capabilityStatement } from '../../src/cli/gen/capability-statement.ts';
import { loadDefinitions } from '../../src/fhir/definitions/load.ts';
import { readProfiles } from '../../src/fhir/definitions/profiles.ts';

const root = new URL('../../', import.meta.url);

describe('capability-statement.json', () => {
  it('is what `npm run gen` writes', async () => {
    const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string };
    const profiles = await readProfiles(fileURLToPath(new URL('profiles', root)));
    const made = capabilityStatement(loadDefinitions(), profiles, version);
    assert.ok(made === readFileSync(new URL('capability-statement.json', root), 'utf8'), 'stale: run `npm run gen`');
  });
});
