// Every row of the tables here, asked of keys in memory.
import assert from 'node:assert/strict';
import { loadDefinitions } from '../../../src/fhir/definitions/load.ts';
import { FhirError } from '../../../src/fhir/model/errors.ts';
import { matches } from '../../../src/fhir/model/matches.ts';
import { createKeyExtractor } from '../../../src/fhir/search/index.ts';
import { searchCases } from './all.ts';
import { base, planOf } from './plan-of.ts';

const definitions = loadDefinitions();
for (const [name, groups] of Object.entries(searchCases)) {
  describe(`search by ${name}, in memory`, () => {
    for (const group of groups) {
      describe(group.title, () => {
        const extractor = createKeyExtractor(definitions, {
          timeZone: group.timeZone ?? 'UTC',
          baseUrl: base,
          fullText: 'all',
        });
        const stored = group.resources
          .filter(({ resourceType }) => resourceType === group.type)
          .map((resource) => ({ id: resource.id ?? '', keys: extractor.extract(resource) }));
        for (const [query, expected] of group.rows) {
          if (expected === 'refused') {
            it(`refuses ${query}`, () => assert.throws(() => planOf(group, query), FhirError));
          } else if (!group.needsStore) {
            it(`${group.type}?${query} finds ${expected.join(', ') || 'nothing'}`, () => {
              const { where } = planOf(group, query);
              const lastUpdated = Date.now();
              const found = stored.filter(({ id, keys }) => matches(where, keys, { id, lastUpdated }));
              assert.deepEqual(found.map(({ id }) => id).sort(), [...expected].sort());
            });
          }
        }
      });
    }
  });
}
