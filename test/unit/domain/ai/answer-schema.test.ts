import assert from 'node:assert/strict';
import { readAnswer } from '../../../../src/domain/ai/answer-schema.ts';
import { aGoodAnswer } from '../../../support/gemini-server.ts';

const wrongOf = (value: unknown): string => {
  const read = readAnswer(typeof value === 'string' ? value : JSON.stringify(value));
  return 'wrong' in read ? read.wrong : 'nothing';
};

describe('the check of a model’s answer', () => {
  it('accepts the agreed form', () => {
    assert.deepEqual(readAnswer(JSON.stringify(aGoodAnswer)), { answer: aGoodAnswer });
  });

  it('refuses what is not JSON', () => {
    assert.equal(wrongOf('Sure! Here is the analysis'), 'it is not JSON');
  });

  it('names every part that does not fit', () => {
    const wrong = wrongOf({ ...aGoodAnswer, urgency: 'whenever', confidence: 7, extra: 1 });
    for (const part of ['/urgency', '/confidence', 'additional properties']) assert.ok(wrong.includes(part), wrong);
  });

  it('refuses an answer without a condition or a recommendation', () => {
    assert.match(wrongOf({ ...aGoodAnswer, conditions: [] }), /conditions/);
    assert.match(wrongOf({ ...aGoodAnswer, recommendations: [] }), /recommendations/);
  });
});
