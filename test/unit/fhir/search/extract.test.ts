import assert from 'node:assert/strict';
import type { Definitions } from '../../../../src/fhir/definitions/definitions.ts';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { EARLIEST } from '../../../../src/fhir/model/keys.ts';
import type { Resource } from '../../../../src/fhir/model/resource.ts';
import {
  createKeyExtractor,
  type ExtractOptions,
  parametersOf,
  patientCompartmentKeys,
} from '../../../../src/fhir/search/index.ts';

const definitions = loadDefinitions();
const extractor = createKeyExtractor(definitions, { timeZone: 'UTC' });

const vitalSign: Resource = {
  resourceType: 'Observation',
  id: 'o',
  status: 'final',
  category: [
    { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] },
  ],
  code: { coding: [{ system: 'http://loinc.org', code: '8302-2' }] },
  subject: { reference: 'Patient/1' },
  effectiveDateTime: '2024-05-01T10:00:00Z',
  valueQuantity: { value: 1.8, unit: 'm', system: 'http://unitsofmeasure.org', code: 'm' },
};

const withoutTag = (token: string): string => token.replace(/\|[\w-]{7}$/, '|#');

describe('extracting keys', () => {
  it('gives an Observation few keys, and one that has both patient and code', () => {
    const { k, t, d, q, s, sd } = extractor.extract(vitalSign);
    assert.deepEqual(k.sort(), [
      '&subject|Patient/1|category|vital-signs',
      '&subject|Patient/1|code|8302-2',
      'category|vital-signs',
      'code|8302-2',
      'status|final',
      'subject|Patient/1',
    ]);
    assert.deepEqual(t.map(withoutTag).sort(), ['category|vital-signs|#', 'code|8302-2|#']);
    assert.deepEqual(
      q.map((entry) => ({ ...entry, u: withoutTag(entry.u ?? '') })),
      [
        { p: 'value-quantity', lo: 1.8, hi: 1.8, u: 'm|#', c: 180 },
        // comparable with other lengths
        { p: 'value-quantity~', lo: 180, hi: 180, u: 'cm' },
      ],
    );
    const moment = Date.UTC(2024, 4, 1, 10);
    assert.deepEqual(d, [{ p: 'date', lo: moment, hi: moment + 999 }]);
    assert.equal(sd, moment);
    assert.deepEqual(s, []);
  });

  it('gives a component one entry for its code and its value, whatever their systems and units', () => {
    const component = { code: vitalSign.code, valueQuantity: vitalSign.valueQuantity };
    const { k, t, q } = extractor.extract({ resourceType: 'Observation', component: [component] });
    assert.deepEqual(k, ['component-code|8302-2']);
    assert.deepEqual(t.map(withoutTag), ['component-code|8302-2|#']);
    assert.deepEqual(
      q.map(({ p, u, t: tokens }) => [p, withoutTag(u ?? ''), tokens?.map(withoutTag)]),
      [
        ['component-code-value-quantity|8302-2$', 'm|#', ['8302-2|#']],
        ['component-code-value-quantity|8302-2$~', 'cm', ['8302-2|#']],
        ['component-value-quantity', 'm|#', undefined],
        ['component-value-quantity~', 'cm', undefined],
      ],
    );
  });

  it('stores nothing for parameters that others answer', () => {
    const sourcesOf = (type: string, code: string) => parametersOf(definitions, type).byCode.get(code)?.sources;
    assert.deepEqual(sourcesOf('Observation', 'patient'), [{ code: 'subject', onlyType: 'Patient' }]);
    assert.deepEqual(sourcesOf('Observation', 'combo-code'), [{ code: 'code' }, { code: 'component-code' }]);
    assert.deepEqual(sourcesOf('Patient', 'phonetic'), [{ code: 'name' }]);
    assert.deepEqual(sourcesOf('Encounter', 'practitioner'), [{ code: 'participant', onlyType: 'Practitioner' }]);
    assert.deepEqual(sourcesOf('AllergyIntolerance', 'patient'), [{ code: 'patient' }]);
  });

  it('takes the begin of a period as main date, the earliest where it is open, and null where there is none', () => {
    const mainDate = (period: object | undefined) =>
      extractor.extract({ resourceType: 'Encounter', status: 'finished', ...(period && { period }) }).sd;
    assert.equal(mainDate({ start: '2024-05-01', end: '2024-05-03' }), Date.UTC(2024, 4, 1));
    assert.equal(mainDate({ end: '2024-05-03' }), EARLIEST);
    assert.equal(mainDate(undefined), null);
  });

  it('says how long the main date lasts', () => {
    const span = (resource: Resource) => extractor.extract(resource).span;
    const period = (limits: object) => span({ resourceType: 'Encounter', period: limits });
    assert.equal(period({ start: '2024-05-01', end: '2024-05-03' }), 3 * 86_400_000 - 1);
    assert.equal(period({ start: '2024-05-01' }), Infinity);
    assert.equal(period({ end: '2024-05-03' }), Infinity);
    assert.equal(span({ resourceType: 'Encounter' }), undefined);
    assert.equal(span({ resourceType: 'Patient', birthDate: '2024' }), 366 * 86_400_000 - 1);
  });

  it('puts a resource into the compartment of every patient it refers to, and a patient into its own', () => {
    const compartments = (resource: Resource) => {
      const { k } = extractor.extract(resource);
      return ['1', '2', 'p', 'q'].filter((id) =>
        patientCompartmentKeys(definitions, resource.resourceType, id).some((key) => k.includes(key)),
      );
    };
    const performer = [
      { reference: 'Patient/2' },
      { reference: 'Practitioner/3' },
      { reference: 'Patient/1/_history/4' },
    ];
    assert.deepEqual(compartments({ ...vitalSign, performer }), ['1', '2']);
    assert.deepEqual(compartments({ ...vitalSign, subject: { reference: 'Group/1' }, performer }), ['1', '2']);
    assert.deepEqual(
      compartments({ resourceType: 'Patient', id: 'p', link: [{ other: { reference: 'Patient/q' } }] }),
      ['p', 'q'],
    );
    assert.deepEqual(compartments({ resourceType: 'Organization', id: 'o' }), []);
  });

  it('keeps keys short whatever a value holds, and distinct', () => {
    const keysOf = (value: string) => {
      const { k, t } = extractor.extract({ resourceType: 'Patient', identifier: [{ system: 'http://s', value }] });
      return [...k, ...t];
    };
    const first = keysOf(`${'ü|$\\'.repeat(500)}a`);
    const second = keysOf(`${'ü|$\\'.repeat(500)}b`);
    for (const key of [...first, ...second]) assert.ok(Buffer.byteLength(key) <= 200, key);
    const hashed = (keys: readonly string[]) => keys.filter((key) => key.includes('#'));
    assert.equal(hashed(first).length, 2);
    assert.notDeepEqual(hashed(first), hashed(second));
    assert.ok(first.every((key) => Buffer.from(key).toString() === key));
  });

  it('survives elements that are empty, null or of no use', () => {
    const odd: Resource = {
      resourceType: 'Patient',
      name: [{ given: [null, 'Ann'] }],
      identifier: [{}],
      telecom: [{ system: 'phone' }],
      generalPractitioner: [{ display: 'Dr. Who' }, { reference: '#contained' }],
      maritalStatus: {},
    };
    assert.deepEqual(extractor.extract(odd), {
      k: ['deceased|false'],
      t: [],
      s: ['given:ann\u0001Ann\u0001', 'name:ann\u0001Ann\u0001'],
      d: [],
      q: [],
      sd: null,
    });
    for (const resourceType of definitions.resourceTypes) extractor.extract({ resourceType });
  });

  it('changes its version with the time zone, the base, the type and its parameters', () => {
    const versionOf = (given: Definitions, options: ExtractOptions, type = 'Patient'): string =>
      createKeyExtractor(given, options).version(type);
    const without = (code: string): Definitions => ({
      ...definitions,
      searchParameters: (type) => new Map([...definitions.searchParameters(type)].filter(([own]) => own !== code)),
    });
    const versions = [
      extractor.version('Patient'),
      extractor.version('Person'),
      versionOf(definitions, { timeZone: 'Asia/Kolkata' }),
      versionOf(definitions, { timeZone: 'UTC', baseUrl: 'http://h/fhir' }),
      versionOf(without('gender'), { timeZone: 'UTC' }),
    ];
    assert.equal(new Set(versions).size, versions.length);
    assert.equal(versionOf(definitions, { timeZone: 'UTC' }), extractor.version('Patient'));
  });
});
