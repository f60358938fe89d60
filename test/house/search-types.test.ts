// One module for each type of search parameter that FHIR knows. https://hl7.org/fhir/R4/valueset-search-param-type.html
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadDefinitions } from '../../src/fhir/definitions/load.ts';
import type { SearchType } from '../../src/fhir/search/search-type.ts';
import { discover } from '../../src/platform/discover/discover.ts';

const folder = fileURLToPath(new URL('../../src/fhir/search/types', import.meta.url));

describe('search parameter types', () => {
  const definitions = loadDefinitions();

  it('have a module each, named after them', async () => {
    const codes = definitions.codes('http://hl7.org/fhir/ValueSet/search-param-type')!;
    const published = [...codes].filter((code) => !code.includes('|')).sort();
    const found = await discover<SearchType>(folder, 'search-type');
    assert.deepEqual(found.map(({ module }) => module.type).sort(), published);
    const files = readdirSync(folder).filter((name) => name.endsWith('.search-type.ts'));
    assert.deepEqual(
      files.sort(),
      published.map((type) => `${type}.search-type.ts`),
    );
    assert.deepEqual(
      found.map(({ path }) => path),
      found.map(({ module }) => join(folder, `${module.type}.search-type.ts`)),
    );
  });

  it('are those of the published search parameters', () => {
    const used = new Set(
      definitions.resourceTypes.flatMap((type) =>
        [...definitions.searchParameters(type).values()].map((it) => it.type),
      ),
    );
    const codes = definitions.codes('http://hl7.org/fhir/ValueSet/search-param-type')!;
    assert.deepEqual(
      [...used].filter((type) => !codes.has(type)),
      [],
    );
  });
});
