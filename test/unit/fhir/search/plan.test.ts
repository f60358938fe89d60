import assert from 'node:assert/strict';
import { createLiveDefinitions } from '../../../../src/fhir/definitions/live.ts';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { FhirError } from '../../../../src/fhir/model/errors.ts';
import { planCriteria, planSearch } from '../../../../src/fhir/search/index.ts';
import { systemTag } from '../../../../src/fhir/search/keys.ts';

const definitions = loadDefinitions();
const settings = { defaultPageSize: 20, maxPageSize: 100, timeZone: 'UTC' };
const base = 'http://h/fhir';

type Query = [string, string][];
const plan = (type: string, query: Query, strict = true) =>
  planSearch({ definitions, type, query, strict, settings: { ...settings, baseUrl: base }, now: Date.UTC(2024, 0, 1) });
const criteria = (type: string, query: Query) =>
  planCriteria({ definitions, type, query, settings: { ...settings, baseUrl: base }, now: Date.UTC(2024, 0, 1) });

/** a reference of patients whose keys are being made */
function whileIndexing() {
  const live = createLiveDefinitions(definitions);
  const on = { Patient: { expression: 'Patient.extension.value' } };
  const parameter = { url: 'http://h/doctor', code: 'doctor', type: 'reference', targets: ['Practitioner'], on };
  live.set([{ parameter, isSearchable: false, progress: { done: 1, all: 4 } }]);
  return live.definitions;
}

describe('planning a search', () => {
  const stars: [type: string, name: string, value: string, isLeftOut: boolean][] = [
    ['Patient', '_include', '*', true],
    ['Patient', '_include', 'Patient:*', true],
    ['Patient', '_include', 'Patient:link', false],
    ['Encounter', '_include', '*', false],
    ['Encounter', '_include:iterate', 'Patient:*', true],
    ['Practitioner', '_revinclude', '*', true],
    ['Practitioner', '_revinclude', 'Patient:*', true],
    ['Organization', '_revinclude', '*', false],
  ];
  for (const [type, name, value, isLeftOut] of stars)
    it(`${isLeftOut ? 'warns' : 'does not warn'} that ${type}?${name}=${value} leaves out a parameter that is being indexed`, () => {
      const query: Query = [[name, value]];
      const input = { definitions: whileIndexing(), type, query, strict: true, settings, now: 0 };
      const { warnings } = planSearch(input);
      assert.deepEqual(
        warnings.map(({ severity, code }) => `${severity} ${code}`),
        isLeftOut ? ['warning incomplete'] : [],
      );
      if (isLeftOut) assert.match(warnings[0]!.diagnostics, /^Search parameter doctor of Patient is being indexed/);
    });

  it('asks one key for a patient and a code, in the order of the main date', () => {
    const { where, sort } = plan('Observation', [
      ['patient', 'Patient/1'],
      ['code', 'http://loinc.org|8302-2'],
      ['_sort', '-date'],
    ]);
    assert.deepEqual(where, {
      op: 'and',
      of: [
        { op: 'equals', key: '&subject|Patient/1|code|8302-2' },
        { op: 'confirms', tokens: [`code|8302-2|${systemTag('http://loinc.org')}`] },
      ],
    });
    const anySystem = plan('Observation', [
      ['patient', 'Patient/1'],
      ['code', '8302-2'],
    ]).where;
    assert.deepEqual(anySystem, { op: 'equals', key: '&subject|Patient/1|code|8302-2' });
    assert.deepEqual(sort, [{ by: 'main-date', descending: true }]);
  });

  it('joins several codes, a composite code and the category too', () => {
    const several = plan('Observation', [
      ['code', 'http://l|a,http://l|b'],
      ['subject', 'Patient/1'],
      ['status', 'final'],
    ]).where;
    assert.deepEqual(several.op === 'and' && several.of.map(({ op }) => op), ['oneOf', 'confirms', 'equals']);
    const composite = plan('Observation', [
      ['patient', '1'],
      ['code-value-quantity', 'http://l|a$gt5'],
    ]).where;
    assert.deepEqual(composite.op === 'and' && composite.of.map(({ op }) => op), ['equals', 'confirms', 'interval']);
    assert.match(
      JSON.stringify(
        plan('Condition', [
          ['patient', '1'],
          ['category', 'http://l|x'],
        ]).where,
      ),
      /"&subject\|Patient\/1\|category\|x"/,
    );
  });

  it('does not join what has no such key', () => {
    for (const query of [
      [
        ['patient', '1'],
        ['code', 'http://l|'],
      ],
      [
        ['subject', 'Group/1'],
        ['code', 'http://l|a'],
      ],
      [
        ['patient', '1,2'],
        ['code', 'http://l|a'],
      ],
      [
        ['patient', '1'],
        ['code:not', 'http://l|a'],
      ],
    ] as Query[]) {
      const { where } = plan('Observation', query);
      assert.equal(JSON.stringify(where).includes('&subject'), false, JSON.stringify(query));
    }
  });

  it('says what was applied, capped and completed', () => {
    const { applied, count, warnings } = plan(
      'Patient',
      [
        ['family', 'x'],
        ['nonsense', '1'],
        ['_count', '500'],
        ['_cursor', 'c'],
      ],
      false,
    );
    assert.deepEqual(applied, [
      ['family', 'x'],
      ['_count', '100'],
    ]);
    assert.equal(count, 100);
    assert.equal(warnings.length, 1);
  });

  it('asks for a total where nothing but a count is wanted', () => {
    assert.deepEqual(
      [plan('Patient', [['_summary', 'count']]), plan('Patient', [['_count', '0']])].map(({ count, total }) => [
        count,
        total,
      ]),
      [
        [0, 'accurate'],
        [0, 'accurate'],
      ],
    );
  });

  it('asks the types of a chain together where they are asked the same', () => {
    const { where } = plan('Observation', [['subject.name', 'x']]);
    assert.deepEqual(where.op === 'linked' && where.types, ['Location', 'Patient']);
  });

  it('says for _has by which key a given patient is sought, where there is one', () => {
    const seekOf = (...pair: Query[number]) => {
      const { where } = plan('Patient', [pair]);
      return where.op === 'linkedFrom' ? where.seek : assert.fail(where.op);
    };
    const seek = seekOf('_has:Observation:patient:code', 'http://loinc.org|4548-4');
    assert.deepEqual(seek?.keys, [{ key: 'code|4548-4', before: '&subject|Patient/', after: '|code|4548-4' }]);
    assert.equal(seek.rest.op, 'confirms');
    assert.deepEqual(
      seekOf('_has:Observation:subject:category', 'a,b')?.keys.map(({ after }) => after),
      ['|category|a', '|category|b'],
    );
    assert.equal(seekOf('_has:Observation:patient:code-value-quantity', '4548-4$gt6')?.rest.op, 'interval');
    assert.equal(seekOf('_has:Observation:patient:date', '2024'), undefined);
    assert.equal(seekOf('_has:Observation:performer:code', 'x'), undefined);
    assert.equal(seekOf('_has:Observation:patient:code:not', 'x'), undefined);
  });

  it('names the parameter and what is legal in every refusal', () => {
    const refusals: [string, Query[number], RegExp][] = [
      ['Observation', ['code:exact', 'x'], /code.*:exact.*:missing, :not/],
      ['Observation', ['subject:Medication', '1'], /subject.*Medication.*Device, Group, Location, Patient/],
      ['Observation', ['date', 'xy2020'], /date.*xy2020.*eq, ne/],
      ['Observation', ['code.x', '1'], /code.*not a reference/],
      ['Observation', ['_sort', 'nonsense'], /nonsense/],
      ['Observation', ['_total', 'maybe'], /_total.*none, estimate, accurate/],
      ['Observation', ['_summary', 'x'], /_summary/],
      ['Observation', ['_sort', 'code-value-quantity'], /no order/],
      ['Patient', ['_has:Observation:code:x', '1'], /does not refer to Patient/],
    ];
    for (const [type, pair, message] of refusals) assert.throws(() => plan(type, [pair]), message, pair.join('='));
    assert.throws(
      () =>
        plan('Observation', [
          ['_summary', 'text'],
          ['_include', 'Observation:subject'],
        ]),
      FhirError,
    );
  });

  describe('of a conditional request', () => {
    it('gives equal text to equal criteria, in whatever order and spelling', () => {
      const one = criteria('Observation', [
        ['patient', '1'],
        ['code', 'x'],
      ]).canonical;
      assert.equal(
        criteria('Observation', [
          ['code', 'x'],
          ['subject', 'Patient/1'],
        ]).canonical,
        one,
      );
      assert.equal(
        criteria('Observation', [
          ['code', 'x'],
          ['subject', `${base}/Patient/1`],
          ['code', 'x'],
        ]).canonical,
        one,
      );
      assert.notEqual(
        criteria('Observation', [
          ['code', 'y'],
          ['subject', 'Patient/1'],
        ]).canonical,
        one,
      );
      assert.notEqual(
        criteria('Condition', [
          ['code', 'x'],
          ['subject', 'Patient/1'],
        ]).canonical,
        one,
      );
    });

    it('refuses to leave anything out', () => {
      assert.throws(() => criteria('Patient', []), FhirError);
      assert.throws(() => criteria('Patient', [['nonsense', '1']]), FhirError);
      assert.throws(() => criteria('Patient', [['_sort', 'family']]), FhirError);
    });
  });
});
