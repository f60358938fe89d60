import assert from 'node:assert/strict';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { FhirError } from '../../../../src/fhir/model/errors.ts';
import { numberText, parseJson, stringifyJson } from '../../../../src/fhir/model/json.ts';
import { readOperationDefinition } from '../../../../src/fhir/operations/definition.ts';
import { encodeOutput } from '../../../../src/fhir/operations/output.ts';
import type { Values } from '../../../../src/fhir/operations/parameter-entry.ts';
import { readInput, refuseInput } from '../../../../src/fhir/operations/parameters.ts';
import { createValidator } from '../../../../src/fhir/validation/validate.ts';
import { anOperationDefinition } from '../../../support/an-operation-definition.ts';

const definitions = loadDefinitions();
const deps = { definitions, validate: createValidator(definitions) };

const definition = readOperationDefinition(
  anOperationDefinition({
    parameter: [
      { name: 'date', type: 'date', min: 1 },
      { name: 'weight', type: 'decimal' },
      { name: 'count', type: 'integer' },
      { name: 'urgent', type: 'boolean' },
      { name: 'note', type: 'string', max: '*' },
      { name: 'bed', type: 'Reference', targetProfile: ['http://hl7.org/fhir/StructureDefinition/Location'] },
      { name: 'unit', type: 'Coding' },
      {
        name: 'gender',
        type: 'code',
        binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1' },
      },
      { name: 'patient', type: 'Patient' },
      {
        name: 'line',
        max: '*',
        part: [
          { name: 'item', type: 'string', min: 1 },
          { name: 'amount', type: 'decimal', min: 1 },
        ],
      },
      { name: 'return', use: 'out', type: 'Observation', min: 1 },
    ],
  }),
  definitions,
);

const parse = (text: string): unknown => parseJson(text);
function decode(body: unknown, query: [string, string][] = []): Values {
  const { values, issues } = readInput(definition, { query, body }, deps);
  refuseInput(definition, issues);
  return values;
}

function refusal(work: () => unknown): {
  kind: string;
  issues: { code: string; expression: string | undefined; diagnostics: string }[];
} {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof FhirError, String(error));
    const issues = error.issues.map(({ code, expression, diagnostics }) => ({ code, expression, diagnostics }));
    return { kind: error.kind, issues };
  }
  assert.fail('nothing was refused');
}

describe('input of an operation', () => {
  const line = { item: 'gauze', amount: 2 };

  it('is the same from Parameters and from plain JSON', () => {
    const fromParameters = decode({
      resourceType: 'Parameters',
      parameter: [
        { name: 'date', valueDate: '2026-01-02' },
        { name: 'urgent', valueBoolean: true },
        { name: 'note', valueString: 'a' },
        { name: 'note', valueString: 'b' },
        { name: 'bed', valueReference: { reference: 'Location/b7' } },
        {
          name: 'line',
          part: [
            { name: 'item', valueString: 'gauze' },
            { name: 'amount', valueDecimal: 2 },
          ],
        },
      ],
    });
    const fromPlain = decode({ date: '2026-01-02', urgent: true, note: ['a', 'b'], bed: 'Location/b7', line: [line] });
    assert.deepEqual(fromPlain, fromParameters);
    assert.deepEqual(fromPlain, {
      date: '2026-01-02',
      urgent: true,
      note: ['a', 'b'],
      bed: { reference: 'Location/b7' },
      line: [line],
    });
  });

  it('takes one value where several are allowed', () => {
    assert.deepEqual(decode({ date: '2026-01-02', note: 'a', line }), {
      date: '2026-01-02',
      note: ['a'],
      line: [line],
    });
  });

  it('is read from the query, numbers and booleans included', () => {
    const values = decode(undefined, [
      ['date', '2026-01-02'],
      ['count', '3'],
      ['urgent', 'false'],
      ['note', 'a'],
      ['note', 'b'],
      ['_format', 'json'],
    ]);
    assert.deepEqual(values, { date: '2026-01-02', count: 3, urgent: false, note: ['a', 'b'] });
  });

  it('takes a bare resource for the only resource parameter, others beside it in the query', () => {
    const patient = { resourceType: 'Patient', active: true };
    assert.deepEqual(decode(patient, [['date', '2026-01-02']]), { date: '2026-01-02', patient });
  });

  it('keeps the text of decimals, however they came', () => {
    const plain = decode(parse('{"date":"2026-01-02","weight":70.50,"line":[{"item":"a","amount":1.0}]}'));
    assert.equal(numberText(plain, 'weight'), '70.50');
    assert.equal(numberText((plain.line as object[])[0]!, 'amount'), '1.0');
    const parameters = parse(
      '{"resourceType":"Parameters","parameter":[{"name":"date","valueDate":"2026-01-02"},{"name":"weight","valueDecimal":70.50}]}',
    );
    assert.equal(numberText(decode(parameters), 'weight'), '70.50');
    assert.equal(
      numberText(
        decode(undefined, [
          ['date', '2026-01-02'],
          ['weight', '70.50'],
        ]),
        'weight',
      ),
      '70.50',
    );
  });

  const refused: [title: string, body: unknown, code: string, expression: string, text: RegExp][] = [
    ['a missing one in plain JSON', {}, 'required', 'date', /date is missing/],
    [
      'a missing one in Parameters',
      { resourceType: 'Parameters' },
      'required',
      "Parameters.parameter.where(name = 'date')",
      /date is missing/,
    ],
    ['a misspelt name', { date: '2026-01-02', wieght: 7 }, 'not-supported', 'wieght', /did you mean "weight"/],
    [
      'a misspelt name in Parameters',
      {
        resourceType: 'Parameters',
        parameter: [
          { name: 'dte', valueDate: '2026-01-02' },
          { name: 'date', valueDate: '2026-01-02' },
        ],
      },
      'not-supported',
      'Parameters.parameter[0]',
      /did you mean "date"/,
    ],
    ['an impossible date', { date: '2026-02-30' }, 'value', 'date', /2026-02-30/],
    [
      'an impossible date in Parameters',
      { resourceType: 'Parameters', parameter: [{ name: 'date', valueDate: '2026-02-30' }] },
      'value',
      'Parameters.parameter[0].value',
      /2026-02-30/,
    ],
    ['the wrong JSON type', { date: '2026-01-02', urgent: 'yes' }, 'structure', 'urgent', /boolean/],
    [
      'the wrong FHIR type',
      { resourceType: 'Parameters', parameter: [{ name: 'date', valueString: '2026-01-02' }] },
      'value',
      'Parameters.parameter[0].value',
      /expected valueDate/,
    ],
    [
      'an unknown element deep inside',
      { date: '2026-01-02', unit: { system: 'http://unitsofmeasure.org', kode: 'kg' } },
      'structure',
      'unit.kode',
      /kode/,
    ],
    [
      'an unknown part',
      { date: '2026-01-02', line: [{ item: 'a', amount: 1, prize: 2 }] },
      'not-supported',
      'line[0].prize',
      /Unknown parameter 'prize'/,
    ],
    [
      'a missing part',
      { date: '2026-01-02', line: [line, { item: 'a' }] },
      'required',
      'line[1].amount',
      /amount is missing/,
    ],
    [
      'a wrong value in a part',
      { date: '2026-01-02', line: { item: 'a', amount: 'two' } },
      'structure',
      'line.amount',
      /number/,
    ],
    ['a list where one is allowed', { date: ['2026-01-02'] }, 'structure', 'date', /once at most/],
    ['null', { date: null }, 'structure', 'date', /leave it out/],
    [
      'too many in Parameters',
      {
        resourceType: 'Parameters',
        parameter: [
          { name: 'date', valueDate: '2026-01-02' },
          { name: 'date', valueDate: '2026-01-03' },
        ],
      },
      'structure',
      'Parameters.parameter[1]',
      /more than once/,
    ],
    [
      'a reference to the wrong type',
      { date: '2026-01-02', bed: 'Patient/p1' },
      'value',
      'bed',
      /refers to Patient; expected Location/,
    ],
    [
      'a code outside a required value set',
      { date: '2026-01-02', gender: 'femal' },
      'code-invalid',
      'gender',
      /did you mean "female"/,
    ],
    [
      'a resource of the wrong type',
      { date: '2026-01-02', patient: { resourceType: 'Observation' } },
      'value',
      'patient',
      /expected Patient/,
    ],
    [
      'an invalid resource',
      { date: '2026-01-02', patient: { resourceType: 'Patient', gender: 1 } },
      'structure',
      'patient.gender',
      /./,
    ],
  ];
  for (const [title, body, code, expression, text] of refused) {
    it(`refuses ${title}, and says where`, () => {
      const { issues } = refusal(() => decode(body));
      const issue = issues.find(
        (each) => each.code === code && each.expression === expression && text.test(each.diagnostics),
      );
      assert.ok(issue, JSON.stringify(issues, null, 1));
    });
  }

  it('names everything that is wrong at once', () => {
    const { kind, issues } = refusal(() => decode({ wieght: 7, urgent: 'yes' }));
    assert.equal(kind, 'invalid');
    assert.deepEqual(issues.map(({ expression }) => expression).sort(), ['date', 'urgent', 'wieght']);
  });

  it('refuses complex values in the query', () => {
    const { issues } = refusal(() =>
      decode(undefined, [
        ['date', '2026-01-02'],
        ['bed', 'Location/b7'],
      ]),
    );
    assert.match(issues[0]!.diagnostics, /POST it/);
  });

  it('refuses what is no number in the query, by its name', () => {
    const { issues } = refusal(() =>
      decode(undefined, [
        ['date', '2026-01-02'],
        ['count', 'many'],
      ]),
    );
    assert.deepEqual(
      issues.map(({ expression }) => expression),
      ['count'],
    );
  });

  it('lets a code stand for a string, not a string for a code', () => {
    const body = (name: string, element: string) => ({
      resourceType: 'Parameters',
      parameter: [
        { name: 'date', valueDate: '2026-01-02' },
        { name, [element]: 'male' },
      ],
    });
    assert.deepEqual(decode(body('note', 'valueCode')).note, ['male']);
    assert.equal(refusal(() => decode(body('gender', 'valueString'))).issues[0]!.code, 'value');
  });
});

describe('output of an operation', () => {
  it('is the bare resource where `return` is the only output', () => {
    const observation = { resourceType: 'Observation', status: 'final' };
    assert.deepEqual(encodeOutput(definition, { return: observation }), observation);
  });

  const several = readOperationDefinition(
    anOperationDefinition({
      parameter: [
        { name: 'total', use: 'out', type: 'decimal', min: 1 },
        { name: 'name', use: 'out', type: 'string', max: '*' },
        { name: 'lot', use: 'out', max: '*', part: [{ name: 'left', type: 'integer' }] },
      ],
    }),
    definitions,
  );

  it('is Parameters otherwise, with lists, parts and the text of decimals', () => {
    const output = parse('{"total":1.50,"name":["a","b"],"lot":[{"left":3}]}') as Values;
    assert.equal(
      stringifyJson(encodeOutput(several, output)),
      '{"resourceType":"Parameters","parameter":[{"name":"total","valueDecimal":1.50},{"name":"name","valueString":"a"},' +
        '{"name":"name","valueString":"b"},{"name":"lot","part":[{"name":"left","valueInteger":3}]}]}',
    );
  });

  it('that does not fit the definition is our mistake, not the caller’s', () => {
    const mistake = (error: Error): boolean => !(error instanceof FhirError);
    assert.throws(() => encodeOutput(definition, {}), mistake);
    assert.throws(() => encodeOutput(several, { total: 1, other: 2 }), mistake);
    assert.throws(() => encodeOutput(several, { name: ['a'] }), mistake);
  });
});
