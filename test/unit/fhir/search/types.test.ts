import assert from 'node:assert/strict';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { compileExpression } from '../../../../src/fhir/search/expression/compile.ts';
import { parametersOf } from '../../../../src/fhir/search/index.ts';
import { searchTypes } from '../../../../src/fhir/search/types/index.ts';

const definitions = loadDefinitions();

describe('search types', () => {
  it('each says its own name', () => {
    for (const [name, { type }] of Object.entries(searchTypes)) assert.equal(type, name);
  });

  it('make keys of some element of every published parameter', () => {
    const without: string[] = [];
    for (const type of definitions.resourceTypes) {
      for (const { code, type: searchType, definition } of parametersOf(definitions, type).stored) {
        if (searchType === searchTypes.composite) continue;
        const { types } = compileExpression(definitions, type, definition.expression ?? '');
        // `Resource`: only what is found tells its type (Bundle's composition)
        const isKnown =
          types?.some((found) => found === 'Resource' || searchType.elements[found] !== undefined) ?? true;
        if (!isKnown) without.push(`${type}.${code} (${definition.type}): ${types?.join(', ')}`);
      }
    }
    assert.deepEqual(without, []);
  });
});
