// https://hl7.org/fhir/R4/search.html#number
import type { SearchCases } from './cases.ts';

const risk = (id: string, prediction: object) => ({
  resourceType: 'RiskAssessment',
  id,
  status: 'final',
  subject: { reference: 'Patient/1' },
  prediction: [prediction],
});

export const numberCases: readonly SearchCases[] = [
  {
    title: 'decimals, by the precision in which they are asked for',
    type: 'RiskAssessment',
    resources: [
      risk('low', { probabilityDecimal: 0.0035 }),
      risk('half', { probabilityDecimal: 0.5 }),
      risk('edge', { probabilityDecimal: 0.495 }),
      risk('near', { probabilityDecimal: 0.504 }),
      risk('above', { probabilityDecimal: 0.505 }),
      risk('range', { probabilityRange: { low: { value: 0.4 }, high: { value: 0.6 } } }),
      risk('none', { outcome: { text: 'x' } }),
    ],
    rows: [
      ['probability=0.5', ['half', 'edge', 'near', 'above']],
      ['probability=0.50', ['half', 'edge', 'near']],
      ['probability=0.500', ['half']],
      ['probability=3.5e-3', ['low']],
      ['probability=ne0.50', ['low', 'above', 'range']],
      ['probability=gt0.5', ['near', 'above', 'range']],
      ['probability=ge0.5', ['half', 'near', 'above', 'range']],
      ['probability=lt0.5', ['low', 'edge', 'range']],
      ['probability=le0.5', ['low', 'half', 'edge', 'range']],
      ['probability=sa0.5', ['near', 'above']],
      ['probability=eb0.5', ['low', 'edge']],
      ['probability=ap0.5', ['half', 'edge', 'near', 'above', 'range']],
      ['probability:missing=true', ['none']],
      ['probability=much', 'refused'],
      ['probability=', 'refused'],
    ],
  },
  {
    title: 'whole numbers',
    type: 'MolecularSequence',
    resources: [
      { resourceType: 'MolecularSequence', id: 'a', coordinateSystem: 0, variant: [{ start: 100, end: 120 }] },
      { resourceType: 'MolecularSequence', id: 'b', coordinateSystem: 0, variant: [{ start: 104, end: 140 }] },
    ],
    rows: [
      ['variant-start=100', ['a']],
      ['variant-start=1e2', ['a', 'b']],
      ['variant-start=ge100', ['a', 'b']],
      ['variant-start=gt100&variant-end=le140', ['b']],
    ],
  },
];
