import assert from 'node:assert/strict';
import { expressionParts, typeRestriction } from '../../../../src/fhir/search/expression-parts.ts';
import { keyPart, systemTag } from '../../../../src/fhir/search/keys.ts';
import { normaliseString } from '../../../../src/fhir/search/normalise-string.ts';
import { nextAbove, nextBelow } from '../../../../src/fhir/search/number-range.ts';
import { splitEscaped, unescapeValue } from '../../../../src/fhir/search/separators.ts';

describe('texts of searches', () => {
  it('are split where no backslash stands before the separator', () => {
    assert.deepEqual(splitEscaped('a,b\\,c,', ','), ['a', 'b\\,c', '']);
    assert.deepEqual(splitEscaped('a\\\\,b', ','), ['a\\\\', 'b']);
    assert.equal(unescapeValue('a\\,b\\|c\\$d\\\\e\\x'), 'a,b|c$d\\e\\x');
  });

  it('are compared without case, accents, punctuation and spare white space', () => {
    const rows = [
      ["O'Brien-Müller  Jr.", 'obrien muller jr'],
      ['  ŁÓDŹ ', 'lodz'],
      ['Straße', 'strasse'],
      ['１２３', '123'],
      ['...', ''],
    ] as const;
    for (const [written, normalised] of rows) assert.equal(normaliseString(written), normalised);
  });

  it('become parts of keys that no value can forge', () => {
    assert.equal(keyPart('a|b\\c'), 'a\\|b\\\\c');
    assert.notEqual(keyPart('a\\|b'), keyPart('a|b'));
    assert.equal(systemTag(''), '');
    assert.match(systemTag('http://loinc.org'), /^[\w-]{7}$/);
  });

  it('of expressions are compared operand by operand, casts in one spelling', () => {
    assert.deepEqual(expressionParts("(A.b as Quantity) | A.b.as(Period) | A.c.where(d = 'x|y') | (A.e)"), [
      'A.b as Quantity',
      'A.b as Period',
      "A.c.where(d = 'x|y')",
      'A.e',
    ]);
    assert.deepEqual(typeRestriction('A.b.where(resolve() is Patient)'), { of: 'A.b', type: 'Patient' });
    assert.equal(typeRestriction('A.b'), undefined);
  });

  it('numbers have neighbours', () => {
    assert.ok(nextAbove(5) > 5 && nextAbove(5) < 5.000000000000002);
    assert.ok(nextBelow(5) < 5 && nextBelow(0) < 0 && nextAbove(-5) > -5);
    assert.equal(nextBelow(nextAbove(-0.1)), -0.1);
  });
});
