// _id and _lastUpdated: https://hl7.org/fhir/R4/search.html#all
import type { SearchCases } from './cases.ts';

const basic = (id: string) => ({ resourceType: 'Basic', id, code: { text: 'x' } });

export const specialCases: readonly SearchCases[] = [
  {
    title: 'ids and times of the last change',
    type: 'Basic',
    resources: [basic('a'), basic('b'), basic('c')],
    rows: [
      ['_id=a', ['a']],
      ['_id=a,c', ['a', 'c']],
      ['_id=a&_id=b', []],
      ['_id:not=a', ['b', 'c']],
      ['_id=not an id', 'refused'],
      ['_lastUpdated=ge2020', ['a', 'b', 'c']],
      ['_lastUpdated=lt2020', []],
      ['_lastUpdated=gt2020&_lastUpdated=le2999', ['a', 'b', 'c']],
      ['_lastUpdated=yesterday', 'refused'],
      ['', ['a', 'b', 'c']],
      ['nonsense=1', 'refused'],
      ['_text=x', 'refused'],
      ['near=1|2', 'refused'],
    ],
  },
];
