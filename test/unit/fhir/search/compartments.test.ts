// "Equal results by definition": every type that a CompartmentDefinition names is found in each of the five compartments by every reference that the
// definition names, and by no other. https://hl7.org/fhir/R4/compartmentdefinition.html
import assert from 'node:assert/strict';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { compartmentPredicate } from '../../../../src/fhir/interactions/search-compartment.ts';
import { matches } from '../../../../src/fhir/model/matches.ts';
import type { Predicate } from '../../../../src/fhir/model/predicate.ts';
import { planSearch } from '../../../../src/fhir/search/index.ts';

const definitions = loadDefinitions();
const settings = { defaultPageSize: 20, maxPageSize: 100, timeZone: 'UTC' };

/** What `[type]?[parameter]=[compartment]/1` asks. */
const asked = (type: string, code: string, compartment: string): Predicate =>
  planSearch({ definitions, type, query: [[code, `${compartment}/1`]], strict: true, settings, now: 0 }).where;

const keysOf = (predicate: Predicate): string[] => {
  if (predicate.op === 'equals') return [predicate.key];
  if (predicate.op === 'oneOf') return [...predicate.keys];
  return predicate.op === 'or' ? predicate.of.flatMap(keysOf) : assert.fail(predicate.op);
};

const withKey = (key: string) => ({ k: [key], t: [], s: [], d: [], q: [], sd: null });
const version = { id: 'x', lastUpdated: 0 };

describe('compartments', () => {
  for (const [name, { members }] of definitions.compartments) {
    it(`of ${name} hold every member type by each of its references, and by no other`, () => {
      let checked = 0;
      for (const type of definitions.resourceTypes) {
        const predicate = compartmentPredicate(definitions, name, '1', type);
        const codes = members.get(type) ?? [];
        assert.equal(matches(predicate, withKey(`nonsense|${name}/1`), version), false);
        for (const code of codes) {
          if (code === '{def}') continue;
          for (const key of keysOf(asked(type, code, name))) {
            // a patient's compartment repeats other references as `@1` (patient-compartment.ts); extraction is tested in extract.test.ts
            const found =
              matches(predicate, withKey(key), version) ||
              (name === 'Patient' && matches(predicate, withKey('@1'), version));
            assert.ok(found, `${type} by ${code} (${key})`);
            checked++;
          }
        }
        if (codes.length === 0)
          assert.deepEqual(predicate, { op: 'or', of: [] }, `${type} is not in the compartment of ${name}`);
      }
      assert.ok(checked > 20, String(checked));
    });
  }
});
