import assert from 'node:assert/strict';
import { redFlagsIn, type Subject } from '../../../../src/domain/ai/red-flags.ts';

const rows: [symptoms: string, codes: string[], subject?: Subject][] = [
  ['Crushing chest pain for ten minutes', ['chest-pain']],
  ['pressure on my chest and sweating', ['chest-pain']],
  ['I can’t breathe', ['breathing']],
  ['sudden shortness of breath', ['breathing']],
  ['her face is drooping and she has slurred speech', ['stroke']],
  ['sudden weakness in the left arm', ['stroke']],
  ['my tongue is swelling after a bee sting', ['anaphylaxis']],
  ['I want to die', ['suicide']],
  ['the cut is bleeding and won’t stop', ['bleeding']],
  ['he is vomiting blood', ['bleeding']],
  ['she passed out twice', ['unconscious']],
  ['the worst headache of my life', ['thunderclap-headache']],
  ['fever and a stiff neck', ['meningitis']],
  ['my son swallowed a button battery', ['poisoning']],
  ['30 weeks pregnant and bleeding', ['pregnancy']],
  ['three weeks old baby with a fever', ['infant-fever']],
  ['fever, shivering and very confused', ['sepsis']],
  ['back pain and numbness around the groin', ['cauda-equina']],
  ['no chest pain, only a cough', []],
  ['denies chest pain; without shortness of breath', []],
  ['itchy toe for three days', []],
  ['mild headache after work', []],
  ['runny nose and sneezing', []],
  ['fever in an adult since yesterday', [], { ageYears: 40 }],
];

describe('red flags', () => {
  for (const [symptoms, codes, subject = {}] of rows) {
    it(`${symptoms}: ${codes.length === 0 ? 'none' : codes.join(', ')}`, () => {
      assert.deepEqual(
        redFlagsIn(symptoms, subject).map(({ code }) => code),
        codes,
      );
    });
  }
});
