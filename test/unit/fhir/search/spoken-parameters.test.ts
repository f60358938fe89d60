import assert from 'node:assert/strict';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { elementsReadBy, parametersSpokenOf, planSearch } from '../../../../src/fhir/search/index.ts';

const definitions = loadDefinitions();
const settings = { defaultPageSize: 20, maxPageSize: 100, timeZone: 'UTC', fullText: 'all' as const };

const spoken: readonly (readonly [type: string, query: string, parameters: string[]])[] = [
  ['Patient', 'family=smith', ['family']],
  ['Patient', 'name:contains=smi', ['name']],
  ['Patient', 'birthdate=ge2000', ['birthdate']],
  ['Patient', 'gender:not=male', ['gender']],
  ['Patient', 'telecom:missing=true', ['telecom']],
  ['Patient', 'identifier=a|1', ['identifier']],
  ['Observation', 'code:text=weight', ['code']],
  ['Observation', 'code-value-quantity=8302-2$gt5', ['code', 'value-quantity']],
  ['Observation', 'component-code-value-quantity=8302-2$gt5', ['component-code-value-quantity']],
  ['Observation', 'patient=1&code=8302-2', ['code', 'subject']],
  ['Observation', 'subject:identifier=a|1', ['subject']],
  ['Observation', 'value-quantity=gt5||kg', ['value-quantity']],
  ['Patient', '_filter=given eq "a" or not (birthdate lt 2000)', ['birthdate', 'given']],
  ['Location', 'near=1|1|5|km', ['near']],
  ['Patient', '_content=headache', ['_content']],
  ['Patient', '_id=1&_lastUpdated=gt2000', ['_id', '_lastUpdated']],
  ['MedicationRequest', 'medication.code=x', ['Medication.code', 'medication']],
  ['Patient', '_has:Observation:patient:code=x', []],
];

const read: readonly (readonly [type: string, code: string, elements: string[] | undefined])[] = [
  ['Patient', 'family', ['name']],
  ['Patient', 'address-city', ['address']],
  ['Patient', 'death-date', ['deceased']],
  ['Patient', 'phone', ['telecom']],
  ['Observation', 'value-quantity', ['value']],
  ['Observation', 'combo-code', ['code', 'component']],
  ['Observation', 'code-value-quantity', ['code', 'value']],
  ['Observation', 'component-code-value-quantity', ['component']],
  ['Condition', 'onset-age', ['onset']],
  ['Location', 'near', ['position']],
  ['Patient', '_tag', ['meta']],
  ['Patient', 'nothing', undefined],
];

describe('what a condition speaks of', () => {
  for (const [type, query, parameters] of spoken) {
    it(`${type}?${query} speaks of ${parameters.join(', ') || 'no parameter of its own'}`, () => {
      const pairs = [...new URLSearchParams(query)] as [string, string][];
      const { where } = planSearch({ definitions, type, query: pairs, strict: true, settings, now: 0 });
      const names = parametersSpokenOf(definitions, type, where).map(({ type: of, code }) =>
        of ? `${of}.${code}` : code,
      );
      assert.deepEqual([...new Set(names)].sort(), parameters);
    });
  }
  for (const [type, code, elements] of read) {
    it(`${code} of ${type} is read from ${elements?.join(' and ') ?? 'what is not known'}`, () => {
      const found = elementsReadBy(definitions, type, code);
      assert.deepEqual(found && [...found].sort(), elements);
    });
  }
  it('is known of every published parameter', () => {
    const unknown = definitions.resourceTypes.flatMap((type) =>
      [...definitions.searchParameters(type).values()]
        .filter(({ code, expression }) => expression && elementsReadBy(definitions, type, code) === undefined)
        .map(({ code }) => `${type}.${code}`),
    );
    assert.deepEqual(unknown, []);
  });
});
