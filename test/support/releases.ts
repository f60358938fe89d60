// Tiny releases in the exact formats of their publishers, with contents of our own. Nothing of the real systems is in here:
// names and relations are invented, only identifiers that the formats themselves define are real.

export const tab = (...rows: readonly (readonly string[])[]): string =>
  `${rows.map((row) => row.join('\t')).join('\r\n')}\r\n`;
export const MODULE = '900000000000207008';
export const EXTENSION = '11000999101';
export const DAY = '20250101';
export const row = (id: string, ...rest: string[]): string[] => [id, DAY, '1', MODULE, ...rest];

export const CONCEPT = ['id', 'effectiveTime', 'active', 'moduleId', 'definitionStatusId'];
export const DESCRIPTION = [
  'id',
  'effectiveTime',
  'active',
  'moduleId',
  'conceptId',
  'languageCode',
  'typeId',
  'term',
  'caseSignificanceId',
];
export const RELATIONSHIP = [
  'id',
  'effectiveTime',
  'active',
  'moduleId',
  'sourceId',
  'destinationId',
  'relationshipGroup',
  'typeId',
  'characteristicTypeId',
  'modifierId',
];
const LANGUAGE = ['id', 'effectiveTime', 'active', 'moduleId', 'refsetId', 'referencedComponentId', 'acceptabilityId'];
export const SIMPLE = ['id', 'effectiveTime', 'active', 'moduleId', 'refsetId', 'referencedComponentId'];
const DEPENDENCY = [
  'id',
  'effectiveTime',
  'active',
  'moduleId',
  'refsetId',
  'referencedComponentId',
  'sourceEffectiveTime',
  'targetEffectiveTime',
];

const [FSN, SYNONYM] = ['900000000000003001', '900000000000013009'];
const [PREFERRED, ACCEPTABLE] = ['900000000000548007', '900000000000549004'];
const [US, SPANISH] = ['900000000000509007', '450828004'];
const PRIMITIVE = '900000000000074008';
const IS_A = '116680003';
const described = (id: string, concept: string, language: string, type: string, term: string): string[] =>
  row(id, concept, language, type, term, '900000000000448009');
const related = (id: string, source: string, destination: string, type = IS_A): string[] =>
  row(id, source, destination, '0', type, '900000000000011006', '900000000000451002');

export const SNOMED_VERSION = `http://snomed.info/sct/${EXTENSION}/version/${DAY}`;

/** 138875005 > 1001 > 1002 > 1003; 1004 below 1001 and 1003; 1005 is inactive; 2001 is a reference set of 1002 and 1004 */
export const snomedFiles: Readonly<Record<string, string>> = {
  [`SnomedCT/Snapshot/Terminology/sct2_Concept_Snapshot_INT_${DAY}.txt`]: tab(
    CONCEPT,
    ...['138875005', '1001', '1002', '1003', '1004', '2001', '3001'].map((id) => row(id, PRIMITIVE)),
    ['1005', DAY, '0', MODULE, PRIMITIVE],
  ),
  [`SnomedCT/Snapshot/Terminology/sct2_Description_Snapshot-en_INT_${DAY}.txt`]: tab(
    DESCRIPTION,
    described('11', '138875005', 'en', FSN!, 'Root concept (root)'),
    described('12', '1001', 'en', FSN!, 'Made-up finding (finding)'),
    described('13', '1001', 'en', SYNONYM!, 'Made-up finding'),
    described('14', '1002', 'en', FSN!, 'Made-up swelling of finger (finding)'),
    described('15', '1002', 'en', SYNONYM!, 'Thick finger'),
    described('16', '1002', 'en', SYNONYM!, 'Made-up swelling of finger'),
    described('17', '1002', 'es', SYNONYM!, 'Dedo hinchado'),
    described('18', '1003', 'en', SYNONYM!, 'Made-up swelling of index finger'),
    described('19', '1004', 'en', SYNONYM!, 'Made-up itch of index finger'),
    described('20', '1005', 'en', SYNONYM!, 'Withdrawn finding'),
    described('21', '2001', 'en', SYNONYM!, 'Finger reference set'),
    described('22', '3001', 'en', SYNONYM!, 'Has colour'),
    [
      ...described('23', '1001', 'en', SYNONYM!, 'Old name').slice(0, 2),
      '0',
      MODULE,
      '1001',
      'en',
      SYNONYM!,
      'Old name',
      '900000000000448009',
    ],
  ),
  [`SnomedCT/Snapshot/Terminology/sct2_TextDefinition_Snapshot-en_INT_${DAY}.txt`]: tab(
    DESCRIPTION,
    described('31', '1002', 'en', '900000000000550004', 'A finger "thicker" than it was.'),
  ),
  [`SnomedCT/Snapshot/Terminology/sct2_Relationship_Snapshot_INT_${DAY}.txt`]: tab(
    RELATIONSHIP,
    related('41', '1001', '138875005'),
    related('42', '1002', '1001'),
    related('43', '1003', '1002'),
    related('44', '1004', '1001'),
    related('45', '1004', '1003'),
    related('46', '1003', '1001', '3001'),
    [...related('47', '1001', '1002').slice(0, 2), '0', ...related('47', '1001', '1002').slice(3)],
  ),
  [`SnomedCT/Snapshot/Refset/Language/der2_cRefset_LanguageSnapshot-en_INT_${DAY}.txt`]: tab(
    LANGUAGE,
    row('51', US!, '16', PREFERRED!),
    row('52', US!, '15', ACCEPTABLE!),
    row('53', SPANISH!, '17', PREFERRED!),
  ),
  [`SnomedCT/Snapshot/Refset/Content/der2_Refset_SimpleSnapshot_INT_${DAY}.txt`]: tab(
    SIMPLE,
    row('61', '2001', '1002'),
    row('62', '2001', '1004'),
    ['63', DAY, '0', MODULE, '2001', '1001'],
  ),
  [`SnomedCT/Snapshot/Refset/Metadata/der2_ssRefset_ModuleDependencySnapshot_INT_${DAY}.txt`]: tab(
    DEPENDENCY,
    ['71', DAY, '1', MODULE, '900000000000534007', '900000000000012004', DAY, DAY],
    ['72', DAY, '1', EXTENSION, '900000000000534007', MODULE, DAY, DAY],
  ),
};

const csv = (...rows: readonly (readonly string[])[]): string =>
  `\ufeff${rows.map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\r\n')}\r\n`;

export const loincFiles: Readonly<Record<string, string>> = {
  'Loinc_9.99/LoincTable/Loinc.csv': csv(
    [
      'LOINC_NUM',
      'COMPONENT',
      'PROPERTY',
      'TIME_ASPCT',
      'SYSTEM',
      'SCALE_TYP',
      'METHOD_TYP',
      'CLASS',
      'VersionLastChanged',
      'CHNG_TYPE',
      'DefinitionDescription',
      'STATUS',
      'CONSUMER_NAME',
      'CLASSTYPE',
      'SHORTNAME',
      'ORDER_OBS',
      'EXTERNAL_COPYRIGHT_NOTICE',
      'LONG_COMMON_NAME',
      'DisplayName',
    ],
    [
      '99991-1',
      'Imaginase',
      'CCnc',
      'Pt',
      'Ser',
      'Qn',
      '',
      'CHEM',
      '9.8',
      'ADD',
      'An enzyme, "invented".',
      'ACTIVE',
      'Imaginase, Blood',
      '1',
      'Imaginase Ser',
      'Both',
      '',
      'Imaginase [Enzymatic activity/volume] in Serum',
      'Imaginase',
    ],
    [
      '99992-9',
      'Note',
      'Find',
      'Pt',
      '{Setting}',
      'Doc',
      '',
      'DOC.ONTOLOGY',
      '9.99',
      'ADD',
      '',
      'ACTIVE',
      '',
      '2',
      '',
      'Both',
      '(c) Somebody',
      'Imaginary note',
      '',
    ],
    [
      '99993-7',
      'Old',
      'Find',
      'Pt',
      'Ser',
      'Ord',
      '',
      'CHEM',
      '9.10',
      'DEL',
      '',
      'DEPRECATED',
      '',
      '1',
      '',
      'Both',
      '',
      'Old imaginase',
      '',
    ],
  ),
  'Loinc_9.99/AccessoryFiles/PartFile/Part.csv': csv(
    ['PartNumber', 'PartTypeName', 'PartName', 'PartDisplayName', 'Status'],
    ['LP99901-1', 'COMPONENT', 'Imaginase', 'Imaginase', 'ACTIVE'],
  ),
  'Loinc_9.99/AccessoryFiles/PartFile/LoincPartLink_Primary.csv': csv(
    [
      'LoincNumber',
      'LongCommonName',
      'PartNumber',
      'PartName',
      'PartCodeSystem',
      'PartTypeName',
      'LinkTypeName',
      'Property',
    ],
    [
      '99991-1',
      '',
      'LP99901-1',
      'Imaginase',
      'http://loinc.org',
      'COMPONENT',
      'Primary',
      'http://loinc.org/property/COMPONENT',
    ],
  ),
  'Loinc_9.99/AccessoryFiles/AnswerFile/AnswerList.csv': csv(
    [
      'AnswerListId',
      'AnswerListName',
      'AnswerListOID',
      'ExtDefinedYN',
      'AnswerStringId',
      'LocalAnswerCode',
      'SequenceNumber',
      'DisplayText',
    ],
    ['LL9991-1', 'Colours', '1.2.3', 'N', 'LA99901-1', 'R', '1', 'Red'],
    ['LL9991-1', 'Colours', '1.2.3', 'N', 'LA99902-9', 'B', '2', 'Blue'],
    ['LL9992-9', 'Elsewhere', '1.2.4', 'Y', '', '', '', ''],
  ),
  'Loinc_9.99/AccessoryFiles/AnswerFile/LoincAnswerListLink.csv': csv(
    ['LoincNumber', 'LongCommonName', 'AnswerListId', 'AnswerListName', 'AnswerListLinkType', 'ApplicableContext'],
    ['99993-7', '', 'LL9991-1', 'Colours', 'PREFERRED', ''],
  ),
  'Loinc_9.99/AccessoryFiles/GroupFile/Group.csv': csv(
    ['ParentGroupId', 'GroupId', 'Group', 'Archetype', 'Status', 'VersionFirstReleased'],
    ['LG1-1', 'LG99-9', 'All imaginases', '', 'Active', '9.8'],
  ),
  'Loinc_9.99/AccessoryFiles/GroupFile/GroupLoincTerms.csv': csv(
    ['Category', 'GroupId', 'ArchetypeId', 'LoincNumber', 'LongCommonName'],
    ['Flowsheet', 'LG99-9', '', '99991-1', ''],
  ),
  'Loinc_9.99/AccessoryFiles/ComponentHierarchyBySystem/ComponentHierarchyBySystem.csv': csv(
    ['PATH_TO_ROOT', 'SEQUENCE', 'IMMEDIATE_PARENT', 'CODE', 'CODE_TEXT'],
    ['', '1', '', 'LP99900-3', 'Laboratory'],
    ['LP99900-3', '1', 'LP99900-3', 'LP99901-1', 'Imaginase'],
    ['LP99900-3.LP99901-1', '1', 'LP99901-1', '99991-1', 'Imaginase Ser'],
  ),
};

const bars = (...rows: readonly (readonly string[])[]): string => rows.map((cells) => `${cells.join('|')}|\n`).join('');
const atom = (rxcui: string, tty: string, text: string, source = 'RXNORM', suppress = 'N'): string[] => [
  rxcui,
  'ENG',
  '',
  '',
  '',
  '',
  '',
  `A${rxcui}${tty}`,
  '',
  rxcui,
  '',
  source,
  tty,
  rxcui,
  text,
  '',
  suppress,
  '4096',
];
const relation = (to: string, from: string, name: string): string[] => [
  to,
  '',
  'CUI',
  'RO',
  from,
  '',
  'CUI',
  name,
  '',
  '',
  'RXNORM',
  '',
  '',
  '',
  '',
  '4096',
];

export const rxNormFiles: Readonly<Record<string, string>> = {
  'rrf/RXNCONSO.RRF': bars(
    atom('901', 'IN', 'imaginol'),
    atom('902', 'SCD', 'imaginol 10 MG Oral Tablet'),
    atom('902', 'SY', 'imaginol 10 mg tab'),
    atom('902', 'PSN', 'imaginol 10 mg tablet'),
    atom('903', 'SBD', 'imaginol 10 MG Oral Tablet [Nothing]', 'RXNORM', 'O'),
    atom('904', 'CD', 'Somebody else, somewhere else', 'MMSL'),
  ),
  'rrf/RXNREL.RRF': bars(
    relation('901', '902', 'has_ingredient'),
    relation('902', '901', 'ingredient_of'),
    relation('902', '903', 'isa'),
    relation('903', '902', 'inverse_isa'),
  ),
  'rrf/RXNSAT.RRF': bars(
    ['902', '', '', 'A902SCD', 'AUI', '902', '', '', 'RXN_STRENGTH', 'RXNORM', '10 MG', 'N', '4096'],
    ['902', '', '', 'A902SCD', 'AUI', '902', '', '', 'NDC', 'RXNORM', '00000000011', 'N', '4096'],
  ),
  'rrf/RXNSTY.RRF': bars(['901', 'T121', 'A1.4.1.1.1', 'Pharmacologic Substance', '', '']),
  'rrf/RXNSAB.RRF': bars([
    'C1',
    'C2',
    'RXNORM_25AA_250106F',
    'RXNORM',
    'RxNorm Vocabulary',
    'RXNORM',
    '25AA_250106F',
    '',
    '',
    '',
    '',
    '',
    '',
    '',
    '',
    '',
    '',
    '',
    '',
    '',
    '',
    'Y',
    '',
    '',
    '',
  ]),
};

const ordered = (number: number, code: string, isDiagnosis: boolean, short: string, long: string): string =>
  `${String(number).padStart(5, '0')} ${code.padEnd(7)} ${isDiagnosis ? 1 : 0} ${short.padEnd(60)} ${long}\r\n`;

export const icdOrder: Readonly<Record<string, string>> = {
  'icd10cm_order_2031.txt': [
    ordered(1, 'A00', false, 'Imaginary fever', 'Imaginary fever'),
    ordered(2, 'A000', true, 'Imag fever, red', 'Imaginary fever, red'),
    ordered(3, 'A001', false, 'Imag fever, blue', 'Imaginary fever, blue'),
    ordered(4, 'A001XXA', true, 'Imag fever, blue, initial encounter', 'Imaginary fever, blue, initial encounter'),
  ].join(''),
};

export const icdTabular: Readonly<Record<string, string>> = {
  'icd10cm_tabular_2031.xml': `<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular><version>2031</version><introduction><introSection type="title"><title>x</title></introSection></introduction>
<chapter><name>1</name><desc>Imaginary diseases (A00-B99)</desc>
<excludes1><note>real ones</note></excludes1>
<section id="A00-A09"><desc>Imaginary fevers &amp; chills (A00-A09)</desc>
<diag><name>A00</name><desc>Imaginary fever</desc>
<diag><name>A00.0</name><desc>Imaginary fever, red</desc><inclusionTerm><note>Scarlet daydream</note></inclusionTerm></diag>
<diag><name>A00.1</name><desc>Imaginary fever, blue</desc><sevenChrDef><extension char="A">initial encounter</extension></sevenChrDef></diag>
</diag></section></chapter></ICD10CM.tabular>`,
};
