// _id and _lastUpdated: https://hl7.org/fhir/R4/search.html#all
import type { SearchCases } from './cases.ts';

const basic = (id: string) => ({ resourceType: 'Basic', id, code: { text: 'x' } });

const location = (id: string, latitude: number, longitude: number) => ({
  resourceType: 'Location',
  id,
  position: { latitude, longitude },
});

const condition = (id: string, clinical: string, verification = 'confirmed') => ({
  resourceType: 'Condition',
  id,
  subject: { reference: 'Patient/p' },
  clinicalStatus: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: clinical }],
  },
  verificationStatus: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status', code: verification }],
  },
});

export const specialCases: readonly SearchCases[] = [
  {
    title: 'places near a place',
    type: 'Location',
    resources: [
      location('boston', 42.3601, -71.0589),
      location('cambridge', 42.3736, -71.1097),
      location('new-york', 40.7128, -74.006),
      location('suva', -18.1416, 178.4419),
      location('samoa', -13.8333, -171.7667),
      { resourceType: 'Location', id: 'nowhere' },
    ],
    rows: [
      ['near=42.36|-71.06', ['boston', 'cambridge']],
      ['near=42.36|-71.06|1', ['boston']],
      ['near=42.36|-71.06|1000|m', ['boston']],
      ['near=42.36|-71.06|200|[mi_us]', ['boston', 'cambridge', 'new-york']],
      ['near=42.36|-71.06|310|km', ['boston', 'cambridge', 'new-york']],
      ['near=-16|-179|900', ['suva', 'samoa']],
      ['near=89|0|9000', ['cambridge', 'boston', 'new-york']],
      // a corner of the square around the circle, 24 km away
      ['near=42.2068|-71.2682|20', []],
      ['near=42.2068|-71.2682|25', ['cambridge', 'boston']],
      ['near=42.36|-71.06|1|mi,40.71|-74.00|1|mi', ['boston', 'new-york']],
      ['near=42.36|-71.06|50000', ['boston', 'cambridge', 'new-york', 'samoa', 'suva']],
      ['near=42.36|-71.06|310|km&_sort=-_id', ['new-york', 'cambridge', 'boston']],
      ['near=42.36|-71.06|-1', 'refused'],
      ['near=42.36|-71.06|1|km|x', 'refused'],
      ['near=42.36|-71.06|1|constructor', 'refused'],
      ['near=x|-71.06', 'refused'],
      ['near=42|181', 'refused'],
      ['near:missing=true', ['nowhere']],
      ['near=42.36', 'refused'],
      ['near=42.36|-71.06|1|parsec', 'refused'],
      ['near=100|0', 'refused'],
    ],
  },
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
      ['_lastUpdated=2020', []],
      ['_lastUpdated=ne2020', ['a', 'b', 'c']],
      ['_lastUpdated=sa2020', ['a', 'b', 'c']],
      ['_lastUpdated=eb2020', []],
      ['_lastUpdated=ap2020', []],
      ['_lastUpdated=sa2020&_lastUpdated=eb2999', ['a', 'b', 'c']],
      ['_lastUpdated:missing=true', []],
      ['_lastUpdated:not=2020', 'refused'],
      ['_id:not=a,b', ['c']],
      ['_id:in=x', 'refused'],
      ['_lastUpdated=yesterday', 'refused'],
      ['', ['a', 'b', 'c']],
      ['nonsense=1', 'refused'],
      ['_query=x', 'refused'],
      ['near=1|2', 'refused'],
    ],
  },
  {
    title: 'what is in a List, and what is current',
    type: 'Condition',
    needsStore: true,
    resources: [
      condition('a', 'active'),
      condition('b', 'recurrence'),
      condition('c', 'resolved'),
      condition('d', 'active', 'entered-in-error'),
      {
        resourceType: 'List',
        id: 'l',
        status: 'current',
        mode: 'working',
        entry: [
          { item: { reference: 'Condition/a' } },
          { item: { reference: 'http://own.example/fhir/Condition/c' } },
          { item: { reference: 'Condition/d' }, deleted: true },
          { item: { reference: 'Patient/b' } },
          { item: { display: 'nothing' } },
        ],
      },
      { resourceType: 'List', id: 'empty', status: 'current', mode: 'working' },
    ],
    rows: [
      ['_list=l', ['a', 'c']],
      ['_list=List/l', ['a', 'c']],
      ['_list=l&clinical-status=resolved', ['c']],
      ['_list=empty', []],
      ['_list=nowhere', []],
      ['_list=empty,l', ['a', 'c']],
      ['_list=$current-problems', ['a', 'b']],
      ['_list=$current-problems,l', ['a', 'b', 'c']],
      ['_list=$current-allergies', 'refused'],
      ['_list=$nothing', 'refused'],
      ['_list=not an id', 'refused'],
    ],
  },
];
