import assert from 'node:assert/strict';
import { add, compare, isDecimal, subtract, total } from '../../../../src/domain/inventory/decimal.ts';

describe('decimal arithmetic', () => {
  it('is exact where binary numbers are not', () => {
    assert.equal(add('0.1', '0.2'), '0.3');
    assert.equal(subtract('1', '0.9'), '0.1');
    assert.equal(total(Array.from({ length: 10 }, () => '0.1')), '1.0');
  });

  it('keeps more digits than a number holds', () => {
    assert.equal(add('12345678901234567890.5', '0.05'), '12345678901234567890.55');
  });

  it('reads exponents and signs', () => {
    assert.equal(add('1e3', '-2.5E-1'), '999.75');
    assert.equal(subtract('0.5', '1'), '-0.5');
  });

  it('compares by value, not by text', () => {
    assert.equal(compare('1.0', '1'), 0);
    assert.ok(compare('10', '9.99') > 0);
    assert.ok(compare('-1', '0') < 0);
  });

  it('knows what is no decimal', () => {
    for (const text of ['', 'x', '1.', '.5', '1e999', 'NaN']) assert.equal(isDecimal(text), false, text);
  });
});
