// What follows from profiles/ is committed as `npm run gen` makes it. The index of the published definitions needs the packages it is
// made from, so its own test is in test/unit/fhir/definitions.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { artefactsOf } from '../../src/cli/gen/artefacts.ts';
import type { Packages } from '../../src/cli/gen/packages.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

const noPackages: Packages = {
  read: () => assert.fail('it is made from profiles/ alone'),
  readOne: () => assert.fail('it is made from profiles/ alone'),
};

describe('generated files', () => {
  for (const path of ['capability-statement.json', 'src/generated/operation-io.ts']) {
    it(`are fresh: ${path}`, async () => {
      const make = (await artefactsOf(root))[path]!;
      const isFresh = make(noPackages) === readFileSync(join(root, path), 'utf8');
      assert.ok(isFresh, 'stale: run `npm run gen` and commit what it writes');
    });
  }
});
