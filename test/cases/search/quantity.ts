// https://hl7.org/fhir/R4/search.html#quantity
import type { SearchCases } from './cases.ts';

const UCUM = 'http://unitsofmeasure.org';
const observation = (id: string, value: object) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'x' },
  ...value,
});
const quantity = (id: string, valueQuantity: object) => observation(id, { valueQuantity });

export const quantityCases: readonly SearchCases[] = [
  {
    title: 'values, units and comparators',
    type: 'Observation',
    resources: [
      quantity('mg', { value: 5.4, unit: 'mg', system: UCUM, code: 'mg' }),
      quantity('mg-more', { value: 5.404, unit: 'milligram', system: UCUM, code: 'mg' }),
      quantity('local', { value: 5.4, unit: 'mg' }),
      quantity('g', { value: 5.4, unit: 'g', system: UCUM, code: 'g' }),
      quantity('below', { value: 5, comparator: '<', unit: 'mg', system: UCUM, code: 'mg' }),
      quantity('above', { value: 5, comparator: '>', unit: 'mg', system: UCUM, code: 'mg' }),
      quantity('at-least', { value: 5, comparator: '>=', unit: 'mg', system: UCUM, code: 'mg' }),
      quantity('code', { value: 7, unit: 'tablets', code: 'mg' }),
      quantity('system', { value: 7, unit: 'Tabs', system: 'http://forms', code: 'TAB' }),
      quantity('long', { value: 66.899999999999991, unit: 'in' }),
      observation('text', { valueString: '5.4' }),
    ],
    rows: [
      ['value-quantity=5.4', ['mg', 'mg-more', 'local', 'g']],
      ['value-quantity=5.400', ['mg', 'local', 'g']],
      [`value-quantity=5.4|${UCUM}|mg`, ['mg', 'mg-more']],
      ['value-quantity=5.4||mg', ['mg', 'mg-more', 'local']],
      ['value-quantity=5.4||milligram', ['mg-more']],
      [`value-quantity=5.40|${UCUM}|mg`, ['mg', 'mg-more']],
      [`value-quantity=gt5|${UCUM}|mg`, ['mg', 'mg-more', 'above', 'at-least']],
      [`value-quantity=ge5|${UCUM}|mg`, ['mg', 'mg-more', 'above', 'at-least']],
      [`value-quantity=lt5|${UCUM}|mg`, ['below']],
      [`value-quantity=le5|${UCUM}|mg`, ['below', 'at-least']],
      [`value-quantity=sa4.9|${UCUM}|mg`, ['mg', 'mg-more', 'above', 'at-least']],
      [`value-quantity=eb5|${UCUM}|mg`, ['below']],
      [`value-quantity=ap5|${UCUM}|mg`, ['mg', 'mg-more', 'below', 'above', 'at-least']],
      [`value-quantity=ne5.4|${UCUM}|g`, []],
      ['value-quantity=5.4,1', ['mg', 'mg-more', 'local', 'g']],
      ['value-quantity=66.899999999999991', ['long']],
      ['value-quantity=7||mg', ['code']],
      ['value-quantity=7||tablets', ['code']],
      [`value-quantity=7|${UCUM}|mg`, []],
      ['value-quantity=7||TAB', ['system']],
      ['value-quantity=7||Tabs', ['system']],
      ['value-quantity=7|http://forms|TAB', ['system']],
      ['value-quantity=7|http://forms|Tabs', []],
      [`value-quantity=7||mg,3||mg,5.4|${UCUM}|g`, ['code', 'g']],
      [`value-quantity=ne5.4|${UCUM}|mg`, ['below', 'above', 'at-least']],
      ['value-quantity:missing=true', ['text']],
      ['value-quantity=5.4|mg', 'refused'],
      ['value-quantity=high', 'refused'],
    ],
  },
  {
    title: 'ranges, money and samples',
    type: 'ChargeItem',
    resources: [
      {
        resourceType: 'ChargeItem',
        id: 'usd',
        status: 'billed',
        code: {},
        subject: {},
        priceOverride: { value: 12.5, currency: 'USD' },
      },
      {
        resourceType: 'ChargeItem',
        id: 'eur',
        status: 'billed',
        code: {},
        subject: {},
        priceOverride: { value: 12.5, currency: 'EUR' },
      },
    ],
    rows: [
      ['price-override=12.5', ['usd', 'eur']],
      ['price-override=12.5||USD', ['usd']],
      ['price-override=gt12|urn:iso:std:iso:4217|EUR', ['eur']],
    ],
  },
  {
    title: 'ages and ranges of ages',
    type: 'Condition',
    resources: [
      {
        resourceType: 'Condition',
        id: 'age',
        subject: {},
        onsetAge: { value: 52, unit: 'years', system: UCUM, code: 'a' },
      },
      {
        resourceType: 'Condition',
        id: 'range',
        subject: {},
        onsetRange: { low: { value: 40, unit: 'a' }, high: { value: 60, unit: 'a' } },
      },
      { resourceType: 'Condition', id: 'from', subject: {}, onsetRange: { low: { value: 40, unit: 'a' } } },
    ],
    rows: [
      ['onset-age=52', ['age']],
      ['onset-age=52||years', ['age']],
      ['onset-age=gt55', ['range', 'from']],
      ['onset-age=lt45', ['range', 'from']],
      ['onset-age=ge40||a', ['age', 'range', 'from']],
      ['onset-age=sa39', ['age', 'range', 'from']],
      ['onset-age=eb61', ['age', 'range']],
    ],
  },
  {
    title: 'sampled data, by the bounds of its samples',
    type: 'Observation',
    resources: [
      observation('ecg', {
        valueSampledData: {
          origin: { value: 10 },
          period: 1,
          factor: 2,
          dimensions: 1,
          upperLimit: 5,
          data: '1 -2 E U',
        },
      }),
    ],
    rows: [
      ['value-quantity=ge20', ['ecg']],
      ['value-quantity=gt20', []],
      ['value-quantity=le6', ['ecg']],
      ['value-quantity=lt6', []],
    ],
  },
];
