// Every published composite, on every type that has it, can be asked for. That each finds what it should: test/cases/search/composite.ts and
// the official examples (test/examples).
import assert from 'node:assert/strict';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { parametersOf, planSearch } from '../../../../src/fhir/search/index.ts';

const definitions = loadDefinitions();
const settings = { defaultPageSize: 20, maxPageSize: 100, timeZone: 'UTC' };

/** A value of each kind, as a search writes it. */
const VALUES: Readonly<Record<string, string>> = {
  token: 'x',
  quantity: 'gt5',
  number: 'ge5',
  date: 'ge2024',
  string: 'text',
  reference: 'Patient/1',
  uri: 'http://a',
};

describe('published composites', () => {
  it('can all be searched, with a value for each of their parts', () => {
    let searched = 0;
    for (const type of definitions.resourceTypes) {
      for (const { code, type: kind } of definitions.searchParameters(type).values()) {
        if (kind !== 'composite') continue;
        const parameter = parametersOf(definitions, type).byCode.get(code);
        assert.ok(parameter?.composition, `${type}.${code} cannot be searched`);
        const value = parameter.composition.components.map(({ definition }) => VALUES[definition.type]).join('$');
        const query = [[code, value]] as const;
        const { where } = planSearch({ definitions, type, query, strict: true, settings, now: 0 });
        assert.notDeepEqual(where, { op: 'or', of: [] }, `${type}.${code} finds nothing`);
        searched++;
      }
    }
    assert.ok(searched > 30, String(searched));
  });
});
