// An operation is whole: its definition in profiles/, the module that does it, a test that calls it, and its place in /metadata.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readProfiles } from '../../src/fhir/definitions/profiles.ts';
import type { OperationModule } from '../../src/fhir/operations/operation.ts';
import { discover } from '../../src/platform/discover/discover.ts';

interface Definition {
  id: string;
  url: string;
  code: string;
  resource?: string[];
  system: boolean;
  type: boolean;
  instance: boolean;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('every OperationDefinition', () => {
  let definitions: Definition[];
  before(async () => {
    const profiles = await readProfiles(join(root, 'profiles'));
    definitions = profiles.ofType('OperationDefinition') as unknown as Definition[];
  });

  it('has one module, and every module one of them', async () => {
    const modules = await discover<OperationModule>(join(root, 'src'), 'operation');
    const implemented = modules.map(({ module }) => module.definition);
    assert.deepEqual(implemented.sort(), definitions.map(({ id }) => id).sort());
  });

  it('is called over HTTP by a test', () => {
    const folder = join(root, 'test/http');
    const tests = readdirSync(folder)
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => readFileSync(join(folder, name), 'utf8'));
    const untested = definitions.filter(({ code }) => !tests.some((test) => test.includes(`/$${code}`)));
    assert.deepEqual(
      untested.map(({ id }) => id),
      [],
    );
  });

  it('is in the capability statement, with each type it is for', () => {
    const { rest } = JSON.parse(readFileSync(join(root, 'capability-statement.json'), 'utf8')) as {
      rest: [{ operation?: Listed[]; resource: { type: string; operation?: Listed[] }[] }];
    };
    type Listed = { name: string; definition: string };
    const isIn = (list: Listed[] | undefined, { code, url }: Definition): boolean =>
      list?.some(({ name, definition }) => name === code && definition === url) === true;
    const missing = definitions.flatMap((definition) => {
      const isOnTypes = definition.type || definition.instance;
      const named = isOnTypes ? (definition.resource ?? []) : [];
      const types = (named.includes('Resource') ? rest[0].resource.map(({ type }) => type) : named).filter(
        (type) => !isIn(rest[0].resource.find((entry) => entry.type === type)?.operation, definition),
      );
      const isMissingAtSystem = definition.system && !isIn(rest[0].operation, definition);
      return [...types, ...(isMissingAtSystem ? ['system'] : [])].map((where) => `${definition.id} at ${where}`);
    });
    assert.deepEqual(missing, []);
  });
});
