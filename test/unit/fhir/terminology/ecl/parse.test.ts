// How expressions are read, and what is said of wrong ones.
// https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language/syntax-specification
import assert from 'node:assert/strict';
import type { AttributeValue, Count, Ecl, Refinement } from '../../../../../src/fhir/model/ecl.ts';
import { FhirError } from '../../../../../src/fhir/model/errors.ts';
import { parseEcl } from '../../../../../src/fhir/terminology/ecl/parse.ts';

/** A tree in brackets: `(<< 400110)`, `(and 1 2)` */
function shown(ecl: Ecl): string {
  switch (ecl.is) {
    case 'concept':
      return ecl.id;
    case 'any':
      return '*';
    case 'and':
    case 'or':
      return `(${[ecl.is, ...ecl.of.map(shown)].join(' ')})`;
    case 'minus':
      return `(minus ${shown(ecl.of)} ${shown(ecl.without)})`;
    case 'members': {
      const target = ecl.target === undefined ? '' : ` to${ecl.target.isNot ? '!' : ''} ${shown(ecl.target.value)}`;
      return `(^${ecl.field ?? ''} ${shown(ecl.of)}${target})`;
    }
    case 'containers':
      return `(^R ${shown(ecl.of)})`;
    case 'refined':
      return `(${shown(ecl.of)} : ${refinementShown(ecl.by)})`;
    case 'values':
      return `(${shown(ecl.of)} . ${shown(ecl.name)})`;
    case 'filtered':
    case 'described':
      return `(${shown(ecl.of)} ${ecl.by.map((criterion) => JSON.stringify(criterion)).join(' ')})`;
    case 'history':
      return `(${shown(ecl.of)} history ${shown(ecl.sets)})`;
    default:
      return `(${ecl.is} ${shown(ecl.of)})`;
  }
}

function refinementShown(refinement: Refinement): string {
  switch (refinement.is) {
    case 'and':
    case 'or':
      return `(${[refinement.is, ...refinement.of.map(refinementShown)].join(' ')})`;
    case 'group':
      return `${countShown(refinement.count)}{${refinementShown(refinement.of)}}`;
    case 'attribute': {
      const { count, isReverse, name, value } = refinement;
      return `${countShown(count)}${isReverse ? 'R ' : ''}${shown(name)}${valueShown(value)}`;
    }
  }
}

const countShown = ({ min, max }: Count): string =>
  min === 1 && max === Number.POSITIVE_INFINITY ? '' : `[${min}..${max}]`;

function valueShown(value: AttributeValue): string {
  if (value.is === 'number') return `${value.op}#${value.value}`;
  const shownValue = value.is === 'concepts' ? shown(value.value) : JSON.stringify(value.value);
  return `${value.isNot ? '!' : ''}=${shownValue}`;
}

const read: readonly [expression: string, tree: string][] = [
  [' 404684003 |Clinical finding (finding)| ', '404684003'],
  ['<404684003|x|', '(< 404684003)'],
  ['<<  /* all */ 404684003', '(<< 404684003)'],
  ['<! 404684003', '(<! 404684003)'],
  ['<<! 404684003', '(<<! 404684003)'],
  ['>>! 404684003', '(>>! 404684003)'],
  ['!!> (100101 OR 100102)', '(!!> (or 100101 100102))'],
  ['*', '*'],
  ['<< ^ 700043003', '(<< (^ 700043003))'],
  ['^ (< 700043003)', '(^ (< 700043003))'],
  ['^ [ referencedComponentId ] 700043003', '(^ 700043003)'],
  ['^[targetComponentId] 700043003', '(^targets 700043003)'],
  ['^R 404684003', '(^R 404684003)'],
  ['100101 AND 100102 and 100103, 100104', '(and 100101 100102 100103 100104)'],
  ['100101 or (100102 AND 100103)', '(or 100101 (and 100102 100103))'],
  ['<< 100101 MINUS < 100102', '(minus (<< 100101) (< 100102))'],
  ['((100101))', '100101'],
  ['< 100101 . 100102 . << 100103', '(((< 100101) . 100102) . (<< 100103))'],
  ['< (100101 . 100102)', '(< (100101 . 100102))'],

  ['< 100101 : 100102 = 100103', '((< 100101) : 100102=100103)'],
  ['*:100102=<<100103,100104!=*', '(* : (and 100102=(<< 100103) 100104!=*))'],
  ['* : 100102 <> 100103', '(* : 100102!=100103)'],
  ['* : (100102 = 100103 OR 100104 = 100105) AND 100106 = *', '(* : (and (or 100102=100103 100104=100105) 100106=*))'],
  [
    '* : { 100102 = 100103 }, [0..2] { [1..*] 100104 = *, [0..0] 100105 = * }',
    '(* : (and {100102=100103} [0..2]{(and 100104=* [0..0]100105=*)}))',
  ],
  ['* : {100102 = *} OR ({100103 = *} AND 100104 = *)', '(* : (or {100102=*} (and {100103=*} 100104=*)))'],
  ['* : [3..3] R 100102 = < 100103', '(* : [3..3]R 100102=(< 100103))'],
  ['* : (100102 OR 100103) = 100104', '(* : (or 100102 100103)=100104)'],
  [
    '* : ((<< 100102 |a ) b| MINUS 100103) MINUS 100104) /* ) */ != *',
    '(* : (minus (minus (<< 100102) 100103) 100104)!=*)',
  ],
  [
    '* : ((100102 = *), 100103 = (* : 100104 = "a)"))',
    '(* : (and 100102=* 100103=(* : 100104=[{"by":"exact","text":"a)"}])))',
  ],
  [
    '* : (100102 {{ term = "x" }}) {{ C active = 1 }} = *',
    '(* : ((100102 {"is":"term","isNot":false,"value":[{"by":"match","text":"x"}]}) {"is":"active","isNot":false,"value":true})=*)',
  ],
  ['* : 100102 >= #-2.50, 100102 != #+7', '(* : (and 100102>=#-2.5 100102!=#7))'],
  ['* : 100102 = "a \\"b\\" \\\\"', '(* : 100102=[{"by":"exact","text":"a \\"b\\" \\\\"}])'],
  [
    '* : 100102 != (match:"a b" wild:"x*\\*y")',
    '(* : 100102!=[{"by":"match","text":"a b"},{"by":"wild","parts":["x","*y"]}])',
  ],
  ['* : 100102 = TRUE', '(* : 100102=true)'],

  [
    '< 100101 {{ term = "heart att", language = SV, type = (syn fsn) }}',
    '((< 100101) {"is":"term","isNot":false,"value":[{"by":"match","text":"heart att"}]} {"is":"language","isNot":false,"value":["sv"]} {"is":"type","isNot":false,"value":{"is":"or","of":[{"is":"concept","id":"900000000000013009"},{"is":"concept","id":"900000000000003001"}]}})',
  ],
  [
    '* {{ D typeId = (900000000000013009 |Synonym| 900000000000003001) }}',
    '(* {"is":"type","isNot":false,"value":{"is":"or","of":[{"is":"concept","id":"900000000000013009"},{"is":"concept","id":"900000000000003001"}]}})',
  ],
  [
    '* {{c definitionStatusId != 900000000000074008, effectiveTime >= ("20200131" "")}}',
    '(* {"is":"definitionStatus","isNot":true,"value":{"is":"concept","id":"900000000000074008"}} {"is":"effectiveTime","op":">=","values":["20200131",""]})',
  ],
  [
    '* {{ C moduleId = << 900000000000443000 }}',
    '(* {"is":"module","isNot":false,"value":{"is":"<<","of":{"is":"concept","id":"900000000000443000"}}})',
  ],
  [
    '< ^ 700043003 {{ M targetComponentId != << 100101 }} {{ C active = false }}',
    '((< (^ 700043003 to! (<< 100101))) {"is":"active","isNot":false,"value":false})',
  ],
  ['<< 100101 {{ + HISTORY-MIN }}', '((<< 100101) history 900000000000527005)'],
  ['<< 100101 {{+history}}', '((<< 100101) history (< 900000000000522004))'],
  ['<< 100101 {{ + HISTORY (*) }}', '((<< 100101) history (< 900000000000522004))'],
  ['(100101 {{ + HISTORY (100102 OR 100103) }}) AND *', '(and (100101 history (or 100102 100103)) *)'],

  // the long syntax
  ['descendantOrSelfOf 100101 : [1 to many] reverseOf 100102 NOT = ANY', '((<< 100101) : R 100102!=*)'],
  ['childOf memberOf 100101', '(<! (^ 100101))'],
  ['top (ancestorOf 100101)', '(!!> (> 100101))'],
];

const wrong: readonly [expression: string, kind: string, says: RegExp][] = [
  ['', 'value', /wrong at its end: expected a concept id/],
  ['<<', 'value', /wrong at its end: expected a concept id/],
  ['12345', 'value', /at character 1, '12345': expected a concept id of 6 to 18 digits/],
  ['1234567890123456789', 'value', /at character 1/],
  ['100101 |Without an end', 'value', /at character 8, '\|Without an end': expected a second '\|'/],
  ['100101 100102', 'value', /at character 8, '100102': expected the end/],
  ['(100101', 'value', /at its end: expected '\)'/],
  ['100101 AND 100102 OR 100103', 'value', /at character 19, 'OR 100103': expected brackets/],
  ['100101 MINUS 100102 MINUS 100103', 'value', /at character 21.*expected brackets/],
  ['100101 OR 100102 MINUS 100103', 'value', /at character 18.*expected brackets/],
  ['100101 AND 100102 : 100103 = *', 'value', /at character 19.*expected brackets around/],
  ['100101 . 100102 AND 100103', 'value', /at character 17.*expected the end/],
  ['* : 100101 = * AND 100102 = * OR 100103 = *', 'value', /at character 31.*expected brackets/],
  ['* : 100101', 'value', /at its end: expected a comparison/],
  ['* : 100101 < 100102', 'value', /at character 14, '100102': expected '#' and a number/],
  ['* : [2..1] 100101 = *', 'value', /at character 5.*minimum that is not above the maximum/],
  ['* : [a..1] 100101 = *', 'value', /at character 6.*expected a number/],
  ['* : { { 100101 = * } }', 'value', /at character 7.*no groups in groups/],
  ['* : R 100101 = #3', 'value', /at character 5.*concepts behind a reversed attribute/],
  ['* : 100101 = "a', 'value', /at its end: expected '"' behind the text/],
  ['* {{ term = " - " }}', 'value', /at character 13.*a text with words/],
  ['* {{ colour = "red" }}', 'value', /at character 6.*expected term, language/],
  ['* {{ definitionStatus = primitive }}', 'value', /at character 6.*'C' before/],
  ['* {{ C term = "a" }}', 'value', /at character 8.*expected definitionStatus/],
  ['* {{ C effectiveTime = "2020-01-31" }}', 'value', /at character 24.*a day such as/],
  ['* {{ M targetComponentId = 100101 }}', 'value', /at character 2.*directly behind '\^'/],
  ['* {{ + FUTURE }}', 'value', /at character 8.*expected HISTORY/],
  ['* {{ C active = 1 }', 'value', /expected '}}'/],
  [`${'('.repeat(60)}100101${')'.repeat(60)}`, 'value', /no more than 50 brackets/],
  ['x'.repeat(50_001), 'value', /at most 50000 characters/],

  ['<< LOINC#54486-6', 'not-supported', /Alternate identifiers.*at character 4/],
  ['^ [mapTarget] 447562003', 'not-supported', /field mapTarget.*at character 4/],
  ['^ [*] 447562003', 'not-supported', /Several fields.*at character 4/],
  ['^ 447562003 {{ M mapTarget = "J45" }}', 'not-supported', /only targetComponentId is filtered.*at character 18/],
  ['* {{ dialect = en-gb (prefer) }}', 'not-supported', /Dialects.*at character 6/],
  ['* {{ D id = 3032638017 }}', 'not-supported', /Ids of descriptions.*at character 8/],
  ['* {{ moduleId = 100101 }}', 'not-supported', /Modules of descriptions.*begin with C.*at character 6/],
  ['* {{ active = 0 }}', 'not-supported', /Inactive descriptions.*at character 6/],
  ['* : { R 100101 = * }', 'not-supported', /reversed attribute is in no group.*at character 7/],
];

describe('an ECL expression', () => {
  for (const [expression, tree] of read) {
    it(`${expression} is read`, () => {
      assert.equal(shown(parseEcl(expression)), tree);
    });
  }
  it('with many comments is refused as fast as any other', () => {
    for (const before of ['* : (100101)', '* : 100101 = ', '* {{ term = ('])
      assert.throws(() => parseEcl(`${before}${'/**/'.repeat(200)}?`), FhirError);
  });
  for (const [expression, kind, says] of wrong) {
    it(`${expression.slice(0, 60)} is refused, with its place`, () => {
      assert.throws(
        () => parseEcl(expression),
        (error: FhirError) => {
          assert.ok(error instanceof FhirError, String(error));
          assert.match(error.message, says);
          assert.equal(error.kind, kind);
          return true;
        },
      );
    });
  }
});
