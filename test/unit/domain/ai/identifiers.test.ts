import assert from 'node:assert/strict';
import { withoutIdentifiers } from '../../../../src/domain/ai/identifiers.ts';

const ada = {
  resourceType: 'Patient' as const,
  name: [{ family: 'Okafor', given: ['Ada', 'Chi'] }],
  telecom: [{ value: '+49 171 2345678' }],
  identifier: [{ value: 'MRN-77' }],
  address: [{ line: ['12 Hill Road'], city: 'Kiel' }],
};

const rows: [text: string, left: string][] = [
  ['Ada Okafor has a cough', '[name] [name] has a cough'],
  ['okafor, seen in Kiel', '[name], seen in [address]'],
  ['call +49 171 2345678', 'call [contact]'],
  ['chart MRN-77', 'chart [id]'],
  ['write to ada@example.org', 'write to [e-mail]'],
  ['ring 555-123-4567 please', 'ring [number] please'],
  ['born 1984-03-02', 'born [date]'],
  ['since 3/2/2026', 'since [date]'],
  ['since 2 March 2026', 'since [date]'],
  ['see Patient/p1', 'see [reference]'],
  ['seen by Dr. Miller', 'seen by [name]'],
  ['my name is Jo Lane', 'my name is [name]'],
  ['number 00123456', 'number [number]'],
  ['https://example.org/me', '[link]'],
];

describe('free text without identifiers', () => {
  for (const [text, left] of rows) {
    it(`${text} → ${left}`, () => assert.equal(withoutIdentifiers(text, ada), left));
  }

  it('keeps what was measured', () => {
    const text = 'temperature 38.5, blood pressure 140/90, pulse 120, saturation 92 %, weight 71.5 kg, 3 days';
    assert.equal(withoutIdentifiers(text, ada), text);
  });

  it('keeps words that only contain a name', () => {
    assert.equal(withoutIdentifiers('chills and a canadian flu', ada), 'chills and a canadian flu');
  });
});
