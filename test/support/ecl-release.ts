// A release for the Expression Constraint Language, as tables that a test can reason about, and as the RF2 files that are loaded.
// The findings, bodies and products are invented; only identifiers that the language itself names are real.
import { CONCEPT, DAY, DESCRIPTION, EXTENSION, MODULE, RELATIONSHIP, row, SIMPLE, tab } from './releases.ts';

const [PRIMITIVE, DEFINED] = ['900000000000074008', '900000000000073002'];
const [FSN, SYNONYM, DEFINITION] = ['900000000000003001', '900000000000013009', '900000000000550004'];

export interface EclConcept {
  id: string;
  parents: readonly string[];
  isActive: boolean;
  isDefined: boolean;
  module: string;
  time: string;
  descriptions: readonly { text: string; type: string; language: string }[];
}

type Row = readonly [id: string, parents: string, name: string, more?: string];

/** `more`: `defined`, `inactive`, `extension`, `2020` (of that year), `es:…` (Spanish), `def:…` (definition), or further names */
const table: readonly Row[] = [
  ['138875005', '', 'Everything'],
  ['900000000000441003', '138875005', 'Model component'],
  ['410662002', '900000000000441003', 'Concept model attribute'],
  ['100101', '410662002', 'Site'],
  ['100102', '410662002', 'Morphology'],
  ['100103', '410662002', 'Associated with'],
  ['100104', '100103', 'Due to'],
  ['100105', '100103', 'Agent'],
  ['100106', '410662002', 'Ingredient'],
  ['100110', '410662002', 'Strength'],
  ['100111', '410662002', 'Trade name'],
  ['100112', '410662002', 'Is reimbursed'],

  ['200100', '138875005', 'Body'],
  ['200110', '200100', 'Limb'],
  ['200111', '200110', 'Arm'],
  ['200112', '200110', 'Leg', '2020'],
  ['200113', '200111 200130', 'Bone of arm'],
  ['200114', '200113', 'Radius'],
  ['200115', '200113', 'Ulna'],
  ['200120', '200100', 'Chest', 'Thorax|2020'],
  ['200121', '200120', 'Heart'],
  ['200130', '200100', 'Bone'],

  ['300100', '138875005', 'Shape'],
  ['300110', '300100', 'Swelling', 'Oedema'],
  ['300120', '300100', 'Break'],
  ['300121', '300120', 'Open break'],
  ['300130', '300100', 'Ulcer', 'extension'],

  ['400100', '138875005', 'Finding'],
  ['400110', '400100', 'Finding of arm', 'defined'],
  ['400111', '400110', 'Swollen arm', 'defined|es:Brazo hinchado|def:An arm that is thicker than before'],
  ['400112', '400110 400130', 'Broken arm', 'defined|Arm break|extension'],
  ['400113', '400112', 'Broken radius and ulna', 'defined|2020'],
  ['400114', '400112', 'Broken radius with swollen ulna', 'defined'],
  ['400115', '400112', 'Openly broken radius', 'defined|es:Fractura abierta del radio'],
  ['400120', '400100', 'Heart disease', 'Cardiac disease'],
  ['400121', '400120', 'Heart attack', 'def:Blood does not reach the heart'],
  ['400122', '400120', 'Attack of the heart by ulcer', '2020'],
  ['400130', '400100', 'Break', 'defined'],
  ['400140', '400100', 'Pain', 'extension'],
  ['400141', '400140', 'Pain after heart attack', 'es:Dolor después de un infarto'],
  ['400190', '', 'Arm fracture', 'inactive'],
  ['400191', '', 'Cardiopathy', 'inactive|2020'],

  ['500100', '138875005', 'Product'],
  ['500111', '500100', 'Alpha 250', 'defined'],
  ['500112', '500100', 'Alpha 500 and beta', 'defined'],
  ['500113', '500100', 'Alpha, beta and gamma', 'defined'],
  ['600100', '138875005', 'Substance'],
  ['600110', '600100', 'Alpha'],
  ['600111', '600110', 'Alpha one'],
  ['600120', '600100', 'Beta'],
  ['600130', '600100', 'Gamma'],

  ['900000000000455006', '900000000000441003', 'Reference set'],
  ['700100', '900000000000455006', 'Problem lists'],
  ['700110', '700100', 'Problems of arms'],
  ['700120', '700100', 'Problems of hearts'],
  ['700130', '900000000000455006', 'Map to elsewhere'],
  ['900000000000522004', '900000000000455006', 'Historical association'],
  ['900000000000527005', '900000000000522004', 'SAME AS'],
  ['900000000000526001', '900000000000522004', 'REPLACED BY'],
];

function conceptOf([id, parents, name, more = '']: Row): EclConcept {
  const notes = more === '' ? [] : more.split('|');
  const flags = new Set(['defined', 'inactive', 'extension', '2020']);
  return {
    id,
    parents: parents === '' ? [] : parents.split(' '),
    isActive: !notes.includes('inactive'),
    isDefined: notes.includes('defined'),
    module: notes.includes('extension') ? EXTENSION : MODULE,
    time: notes.includes('2020') ? '20200131' : DAY,
    descriptions: [
      { text: `${name} (thing)`, type: FSN!, language: 'en' },
      { text: name, type: SYNONYM!, language: 'en' },
      ...notes
        .filter((note) => !flags.has(note))
        .map((note) => {
          const [, kind, text = note] = /^(es|def):(.*)$/.exec(note) ?? [];
          return { text, type: kind === 'def' ? DEFINITION! : SYNONYM!, language: kind === 'es' ? 'es' : 'en' };
        }),
    ],
  };
}

export const concepts: readonly EclConcept[] = table.map(conceptOf);

export interface EclRelationship {
  source: string;
  group: string;
  attribute: string;
  /** a concept, `#number`, `"text"` or a boolean */
  value: string;
}

/** `source group attribute=value …` */
const related = [
  '400110 1 100101=200111',
  '400111 1 100101=200111 100102=300110',
  '400112 1 100101=200113 100102=300120',
  '400113 1 100101=200114 100102=300120',
  '400113 2 100101=200115 100102=300120',
  '400114 1 100101=200114 100102=300120',
  '400114 2 100101=200115 100102=300110',
  '400115 1 100101=200114 100102=300121',
  '400120 1 100101=200121',
  '400121 1 100101=200121 100105=600110',
  '400122 1 100101=200121 100102=300130 100102=300110',
  '400130 1 100102=300120',
  '400141 0 100103=400121 100104=400122',
  '500111 1 100106=600110 100110=#250',
  '500111 0 100111="ALPHA \\"forte\\"" 100112=true',
  '500112 1 100106=600111 100110=#500',
  '500112 2 100106=600120 100110=#0.5',
  '500112 0 100111="Alphabet" 100112=false',
  '500113 1 100106=600110',
  '500113 2 100106=600120',
  '500113 3 100106=600130',
];

export const relationships: readonly EclRelationship[] = related.flatMap((line) => {
  const [, source = '', group = '', rest = ''] = /^(\d+) (\d+) (.*)$/.exec(line) ?? [];
  return [...rest.matchAll(/(\d+)=("(?:[^"\\]|\\.)*"|\S+)/g)].map(([, attribute = '', value = '']) => ({
    source,
    group,
    attribute,
    value,
  }));
});

export const members: readonly (readonly [set: string, concept: string])[] = [
  ['700110', '400111'],
  ['700110', '400112'],
  ['700110', '400190'],
  ['700120', '400121'],
  ['700120', '400112'],
  ['700130', '400121'],
];

export const associations: readonly (readonly [set: string, source: string, target: string])[] = [
  ['900000000000527005', '400190', '400112'],
  ['900000000000526001', '400191', '400120'],
  ['900000000000526001', '400191', '400121'],
];

const isConcept = (value: string): boolean => /^\d+$/.test(value);
const inferred = ['900000000000011006', '900000000000451002'];

export const ECL_VERSION = `http://snomed.info/sct/${MODULE}/version/${DAY}`;

export const eclFiles: Readonly<Record<string, string>> = {
  [`Terminology/sct2_Concept_Snapshot_INT_${DAY}.txt`]: tab(
    CONCEPT,
    ...concepts.map(({ id, time, isActive, module, isDefined }) => [
      id,
      time,
      isActive ? '1' : '0',
      module,
      isDefined ? DEFINED! : PRIMITIVE!,
    ]),
  ),
  [`Terminology/sct2_Description_Snapshot-en_INT_${DAY}.txt`]: tab(
    DESCRIPTION,
    ...describing((type) => type !== DEFINITION),
  ),
  [`Terminology/sct2_TextDefinition_Snapshot-en_INT_${DAY}.txt`]: tab(
    DESCRIPTION,
    ...describing((type) => type === DEFINITION),
  ),
  [`Terminology/sct2_Relationship_Snapshot_INT_${DAY}.txt`]: tab(
    RELATIONSHIP,
    ...concepts.flatMap(({ id, parents }) =>
      parents.map((parent) => row(`${id}-${parent}`, id, parent, '0', '116680003', ...inferred)),
    ),
    ...relationships
      .filter(({ value }) => isConcept(value))
      .map(({ source, value, group, attribute }, at) => row(`r${at}`, source, value, group, attribute, ...inferred)),
    // withdrawn: says nothing
    [
      ...row('old', '400140', '200111', '1', '100101', ...inferred).slice(0, 2),
      '0',
      MODULE,
      '400140',
      '200111',
      '1',
      '100101',
      ...inferred,
    ],
  ),
  [`Terminology/sct2_RelationshipConcreteValues_Snapshot_INT_${DAY}.txt`]: tab(
    RELATIONSHIP.map((column) => (column === 'destinationId' ? 'value' : column)),
    ...relationships
      .filter(({ value }) => !isConcept(value))
      .map(({ source, value, group, attribute }, at) => row(`c${at}`, source, value, group, attribute, ...inferred)),
  ),
  [`Refset/Content/der2_Refset_SimpleSnapshot_INT_${DAY}.txt`]: tab(
    SIMPLE,
    ...members.filter(([set]) => set !== '700130').map(([set, concept], at) => row(`m${at}`, set, concept)),
  ),
  [`Refset/Map/der2_sRefset_SimpleMapSnapshot_INT_${DAY}.txt`]: tab(
    [...SIMPLE, 'mapTarget'],
    ...members.filter(([set]) => set === '700130').map(([set, concept], at) => row(`t${at}`, set, concept, 'X')),
    // a map of descriptions has no concepts in it
    row('t9', '700130', '999999011', 'Y'),
  ),
  [`Refset/Content/der2_cRefset_AssociationSnapshot_INT_${DAY}.txt`]: tab(
    [...SIMPLE, 'targetComponentId'],
    ...associations.map(([set, source, target], at) => row(`a${at}`, set, source, target)),
  ),
};

function describing(isWanted: (type: string) => boolean): string[][] {
  return concepts.flatMap(({ id, descriptions }) =>
    descriptions
      .filter(({ type }) => isWanted(type))
      .map(({ text, type, language }, at) => row(`d${id}${at}`, id, language, type, text, '900000000000448009')),
  );
}
