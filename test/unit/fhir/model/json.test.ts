import assert from 'node:assert/strict';
import { FhirError } from '../../../../src/fhir/model/errors.ts';
import { copyJson, DECIMALS, numberText, parseJson, stringifyJson } from '../../../../src/fhir/model/json.ts';

const refusal = (text: string | Buffer): string => {
  try {
    parseJson(text);
  } catch (error) {
    assert.ok(error instanceof FhirError, `${error}`);
    assert.equal(error.kind, 'structure');
    return error.message;
  }
  return 'accepted';
};

describe('JSON without loss', () => {
  const kept = [
    '{"value":1.50}',
    '{"value":0.0}',
    '{"value":-0}',
    '{"value":-0.0}',
    '{"value":1e3}',
    '{"value":1E+3}',
    '{"value":0.0000001}',
    '{"value":1.0e-7}',
    '{"value":12345678901234567890}',
    '{"value":0.12345678901234567890123}',
    '{"value":100000000000000000000000}',
    '{"a":[1.0,2,3.00]}',
    '[[1.0],[2.0,[3.0]]]',
    '{"a":{"b":[{"c":1.10},{"c":1.1},{"d":{"e":2.20}}],"f":3.30},"g":4.40}',
    '{"low":{"value":1.0},"high":{"value":2.0}}',
    '{"é":{"ü":1.0},"😀":2.0}',
    '{"value":1.0,"text":"a \\"quoted\\" \\\\ text with 1.0 in it"}',
    '{"text":"\\u0001","other":"\\u0001\\u0001","value":1.0}',
    '{"empty":{},"none":[],"nothing":null,"yes":true,"no":false,"value":1.0}',
    '1.5',
    '"text"',
    'null',
  ];
  for (const text of kept) {
    it(`writes ${text.slice(0, 60)} as it was read`, () => {
      assert.equal(stringifyJson(parseJson(text)), text);
      assert.equal(stringifyJson(parseJson(Buffer.from(text))), text);
    });
  }

  it('keeps only the texts that JSON.stringify would change', () => {
    const value = parseJson('{"a":1,"b":1.5,"c":123456789012345,"d":0.000001,"e":"1.0"}') as object;
    assert.deepEqual(Object.getOwnPropertySymbols(value), []);
  });

  it('gives plain numbers to whoever computes', () => {
    const value = parseJson('{"value":431.40}') as { value: number };
    assert.equal(value.value, 431.4);
    assert.deepEqual(Object.keys(value), ['value']);
    assert.equal(JSON.stringify(value), '{"value":431.4}');
    assert.equal(numberText(value, 'value'), '431.40');
  });

  it('forgets the text of a number that was changed', () => {
    const value = parseJson('{"value":1.50}') as { value: number };
    value.value = 2;
    assert.equal(stringifyJson(value), '{"value":2}');
    assert.equal(numberText(value, 'value'), '2');
  });

  it('keeps texts through spreading and copying, and a copy is deep', () => {
    const value = parseJson('{"a":{"b":[{"c":1.10}]},"d":2.0,"e":[3.0]}') as Record<string, { b: { c: number }[] }>;
    assert.equal(stringifyJson({ ...value }), stringifyJson(value));
    const copy = copyJson(value);
    assert.equal(stringifyJson(copy), '{"a":{"b":[{"c":1.10}]},"d":2.0,"e":[3.0]}');
    copy.a!.b[0]!.c = 9;
    assert.equal(value.a!.b[0]!.c, 1.1);
  });

  it('leaves undefined members out, as JSON.stringify does', () => {
    const value = { ...(parseJson('{"a":1.0,"b":2}') as object), b: undefined, c: [undefined] };
    assert.equal(stringifyJson(value), '{"a":1.0,"c":[null]}');
  });

  it('skips a byte order mark', () => {
    assert.equal(stringifyJson(parseJson(Buffer.from('\ufeff{"a":1.0}'))), '{"a":1.0}');
    assert.equal(stringifyJson(parseJson('\ufeff{"a":1.0}')), '{"a":1.0}');
  });

  it('reads objects with very many keys', () => {
    const text = `{${Array.from({ length: 500 }, (_, i) => `"key${i}":1.0`).join(',')}}`;
    assert.equal(stringifyJson(parseJson(text)), text);
    assert.match(refusal(text.replace('"key499"', '"key3"')), /Duplicate property "key3"/);
  });

  it('accepts 64 levels', () => {
    const text = `${'['.repeat(64)}${']'.repeat(64)}`;
    assert.equal(stringifyJson(parseJson(text)), text);
  });

  it('keeps the texts of random documents', () => {
    let seed = 42;
    const random = (n: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return seed % n;
    };
    const numbers = [
      '0',
      '1',
      '-1',
      '1.5',
      '1.50',
      '0.0',
      '1e3',
      '-0',
      '12345678901234567',
      '0.00000012',
      '3.14159',
      '1.0E-3',
    ];
    const make = (depth: number): string => {
      const kind = random(depth > 5 ? 4 : 8);
      if (kind < 3) return numbers[random(numbers.length)]!;
      if (kind === 3) return ['"x"', '"a,\\"b"', 'null', 'true', '"\\\\"', '"{[1.0]}"', '"é"'][random(7)]!;
      const size = random(5);
      const items = Array.from({ length: size }, (_, i) => (kind < 6 ? `"k${i}":` : '') + make(depth + 1));
      return kind < 6 ? `{${items.join(',')}}` : `[${items.join(',')}]`;
    };
    for (let i = 0; i < 2000; i++) {
      const text = make(0);
      // a number alone has no parent to keep its text
      if (/^[[{]/.test(text)) assert.equal(stringifyJson(parseJson(Buffer.from(text))), text);
    }
  });

  it('shares no record that a later change could reach', () => {
    const value = parseJson('[{"value":1.0},{"value":1.0}]') as { value: number; [DECIMALS]?: object }[];
    value[0]!.value = 3;
    assert.equal(stringifyJson(value), '[{"value":3},{"value":1.0}]');
  });
});

describe('JSON that is refused', () => {
  const rows: [text: string, message: RegExp][] = [
    ['', /a value is expected at line 1, column 1/],
    ['{', /property name.* at line 1, column 2/],
    ['{"a":1,}', /property name in double quotes expected at line 1, column 8/],
    ['{"a" 1}', /":".* at line 1, column 6/],
    ['{a:1}', /property name in double quotes expected at line 1, column 2/],
    ["{'a':1}", /property name/],
    ['[1,2', /"," or "]" is expected at line 1, column 5/],
    ['[1 2]', /"," or "]" expected at line 1, column 4/],
    ['{"a":1 "b":2}', /"," or "}" expected at line 1, column 8/],
    ['[1,]', /a value expected at line 1, column 4/],
    ['nul', /a value expected/],
    ['NaN', /a value expected/],
    ['[01]', /line 1, column 3/],
    ['[1.]', /line 1, column 3/],
    ['[.5]', /a value expected/],
    ['[+1]', /a value expected/],
    ['{"a":1}x', /text after the end at line 1, column 8/],
    ['{\n  "a": "b\n}', /control character .* at line 2, column 10/],
    ['{"a":"b', /string is not closed; it begins at line 1, column 6/],
    ['["\\x"]', /unknown escape in a string at line 1, column 3/],
    ['["\\u12G4"]', /unknown escape/],
    ['{\n "status":"a",\n "status":"b"}', /Duplicate property "status" at line 3, column 2/],
    ['{"a":{"b":1,"c":2,"b":3}}', /Duplicate property "b" at line 1, column 19/],
    ['{"a":1,"\\u0061":2}', /Duplicate property "a"/],
    ['{"":1,"":2}', /Duplicate property ""/],
    ['{"__proto__":{"x":1}}', /"__proto__" is not allowed/],
    ['{"a":{"\\u005f_proto__":1}}', /"__proto__" is not allowed/],
    ['["\\ud800"]', /surrogate/],
    ['["\\udc00\\ud800"]', /surrogate/],
    ['["\\ud800\\ud800"]', /surrogate/],
    ['{"\\ud800":1}', /surrogate/],
    ['[1e400]', /Number out of range at line 1, column 2/],
    [`[${'9'.repeat(400)}]`, /Number out of range/],
    [`${'['.repeat(65)}${']'.repeat(65)}`, /deeper than 64 levels at line 1, column 65/],
    ['[{"a":'.repeat(100), /deeper than 64 levels/],
    ['['.repeat(200_000), /deeper than 64 levels/],
  ];
  for (const [text, message] of rows) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.match(refusal(text), message);
      assert.match(refusal(Buffer.from(text)), message);
    });
  }

  it('refuses bytes that are not UTF-8', () => {
    assert.match(refusal(Buffer.from([0x22, 0xff, 0x22])), /not UTF-8/);
    assert.match(refusal(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), /not UTF-8/);
  });

  it('takes the replacement character itself for what it is', () => {
    assert.equal(parseJson(Buffer.from('"\ufffd"')), '\ufffd');
  });

  it('accepts pairs of surrogates', () => {
    assert.equal(parseJson('"\\ud83d\\ude00 \\uD83D\\uDE00"'), '😀 😀');
  });
});
