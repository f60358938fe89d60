// LOINC from its release: Loinc.csv, and beside it parts, hierarchy, answer lists and groups where they are there.
// https://hl7.org/fhir/R4/loinc.html and https://loinc.org/kb/users-guide/loinc-database-structure/
import type { ConceptProperty, Designation } from '../../model/concept.ts';
import type { ReadConcept } from '../../storage/concepts.ts';
import type { ReleaseFile, ReleaseFiles } from './files.ts';
import { addTo, ancestorsOf } from './hierarchy.ts';
import type { ReleaseFormat } from './release.ts';
import { commaRows } from './rows.ts';

const URL = 'http://loinc.org';

/** Elements of a term that are parts: codings where the link file is there, else their names. */
const PARTS = ['COMPONENT', 'PROPERTY', 'TIME_ASPCT', 'SYSTEM', 'SCALE_TYP', 'METHOD_TYP', 'CLASS'] as const;
const TEXTS = [
  'STATUS',
  'CLASSTYPE',
  'ORDER_OBS',
  'CONSUMER_NAME',
  'DOCUMENT_SECTION',
  'UNITSREQUIRED',
  'EXAMPLE_UCUM_UNITS',
  'PanelType',
  'VersionLastChanged',
] as const;

const properties = [
  ...PARTS.map((code) => ({ code, type: 'Coding' })),
  ...TEXTS.map((code) => ({ code, type: 'string' })),
  { code: 'copyright', type: 'string', description: 'LOINC, or 3rdParty where others hold rights as well' },
  { code: 'LIST', type: 'code', description: 'The answer lists that an answer is in' },
  { code: 'answer-list', type: 'code', description: 'The answer lists of a term' },
  { code: 'GROUP', type: 'code', description: 'The groups that a term is in' },
  { code: 'PartTypeName', type: 'string' },
];

export const loinc: ReleaseFormat = {
  code: 'loinc',
  url: URL,
  title: 'LOINC',
  needs:
    'Loinc.csv; Part.csv, LoincPartLink_Primary.csv, ComponentHierarchyBySystem.csv, AnswerList.csv, LoincAnswerListLink.csv and GroupLoincTerms.csv are read where they are',
  isIt: (files) => files.find(/^Loinc\.csv$/i) !== undefined,
  async read(files, { version }, say) {
    const concepts = new Map<string, ReadConcept & { properties: ConceptProperty[] }>();
    say('terms');
    const newest = await readTerms(files.find(/^Loinc\.csv$/i)!, concepts);
    say('parts');
    await readParts(files.find(/^Part\.csv$/i), concepts);
    await readPartLinks(files.find(/^LoincPartLink_Primary\.csv$/i), concepts);
    say('answer lists');
    await readAnswers(files.find(/^AnswerList\.csv$/i), concepts);
    await readAnswerLinks(files.find(/^LoincAnswerListLink\.csv$/i), concepts);
    say('groups');
    await readGroups(files, concepts);
    say('hierarchy');
    const parents = await readHierarchy(
      files.find(/^ComponentHierarchyBySystem\.csv$/i) ?? files.find(/^MultiAxialHierarchy\.csv$/i),
      concepts,
    );
    return {
      head: { url: URL, version: version ?? newest, title: 'LOINC', valueSet: `${URL}/vs`, properties },
      total: concepts.size,
      concepts: assemble(),
    };

    function* assemble(): Iterable<ReadConcept> {
      for (const concept of concepts.values()) {
        const above = parents.get(concept.code);
        yield above === undefined
          ? concept
          : { ...concept, parents: above, ancestors: ancestorsOf(concept.code, parents) };
      }
    }
  },
};

type Concepts = Map<string, ReadConcept & { properties: ConceptProperty[] }>;

/** Gives the newest version that a term names: that of the release. */
async function readTerms(file: ReleaseFile, concepts: Concepts): Promise<string> {
  let newest = '';
  const order = new Intl.Collator('en', { numeric: true });
  for await (const row of commaRows(file, ['LOINC_NUM', 'STATUS', 'LONG_COMMON_NAME'])) {
    const given = [...PARTS, ...TEXTS].flatMap((code): ConceptProperty[] => {
      const value = row[code];
      return value ? [{ code, type: 'string', value }] : [];
    });
    const isForeign = Boolean(row.EXTERNAL_COPYRIGHT_NOTICE);
    concepts.set(row.LOINC_NUM, {
      code: row.LOINC_NUM,
      display: row.LONG_COMMON_NAME,
      ...(row.DefinitionDescription && { definition: row.DefinitionDescription }),
      isActive: row.STATUS !== 'DEPRECATED',
      designations: designationsOf(row),
      properties: [...given, { code: 'copyright', type: 'string', value: isForeign ? '3rdParty' : 'LOINC' }],
    });
    const changed = row.VersionLastChanged ?? '';
    if (order.compare(changed, newest) > 0) newest = changed;
  }
  return newest;
}

/** Related names are words for searching, not names. */
function designationsOf(row: Readonly<Record<string, string | undefined>>): Designation[] {
  return ['SHORTNAME', 'DisplayName', 'CONSUMER_NAME'].flatMap((column) => {
    const value = row[column];
    return value ? [{ language: 'en', use: { system: URL, code: column }, value }] : [];
  });
}

async function readParts(file: ReleaseFile | undefined, concepts: Concepts): Promise<void> {
  if (file === undefined) return;
  for await (const row of commaRows(file, ['PartNumber', 'PartTypeName', 'PartName'])) {
    concepts.set(row.PartNumber, {
      code: row.PartNumber,
      display: row.PartDisplayName || row.PartName,
      isActive: row.Status !== 'DEPRECATED',
      properties: [{ code: 'PartTypeName', type: 'string', value: row.PartTypeName }],
    });
  }
}

/** A part in place of its name, which stays searchable as its display. */
async function readPartLinks(file: ReleaseFile | undefined, concepts: Concepts): Promise<void> {
  if (file === undefined) return;
  for await (const row of commaRows(file, ['LoincNumber', 'PartNumber', 'PartName', 'Property'])) {
    const term = concepts.get(row.LoincNumber);
    const code = row.Property.slice(row.Property.lastIndexOf('/') + 1);
    if (term === undefined) continue;
    const name = term.properties.findIndex((property) => property.code === code && property.type === 'string');
    const value = { system: URL, code: row.PartNumber, display: row.PartName };
    if (name === -1) term.properties.push({ code, type: 'Coding', value });
    else term.properties[name] = { code, type: 'Coding', value };
  }
}

async function readAnswers(file: ReleaseFile | undefined, concepts: Concepts): Promise<void> {
  if (file === undefined) return;
  for await (const row of commaRows(file, ['AnswerListId', 'AnswerListName', 'AnswerStringId', 'DisplayText'])) {
    const { AnswerListId: list, AnswerStringId: answer } = row;
    if (!concepts.has(list))
      concepts.set(list, { code: list, display: row.AnswerListName, isActive: true, properties: [] });
    // an externally defined list names no answers
    if (answer === '') continue;
    const known = concepts.get(answer) ?? { code: answer, display: row.DisplayText, isActive: true, properties: [] };
    concepts.set(answer, known);
    known.properties.push({ code: 'LIST', type: 'code', value: list });
  }
}

async function readAnswerLinks(file: ReleaseFile | undefined, concepts: Concepts): Promise<void> {
  if (file === undefined) return;
  for await (const row of commaRows(file, ['LoincNumber', 'AnswerListId'])) {
    concepts.get(row.LoincNumber)?.properties.push({ code: 'answer-list', type: 'code', value: row.AnswerListId });
  }
}

async function readGroups(files: ReleaseFiles, concepts: Concepts): Promise<void> {
  const names = files.find(/^Group\.csv$/i);
  if (names !== undefined) {
    for await (const row of commaRows(names, ['GroupId', 'Group'])) {
      concepts.set(row.GroupId, {
        code: row.GroupId,
        display: row.Group,
        isActive: row.Status !== 'Inactive',
        properties: [],
      });
    }
  }
  const members = files.find(/^GroupLoincTerms\.csv$/i);
  if (members === undefined) return;
  for await (const row of commaRows(members, ['GroupId', 'LoincNumber'])) {
    concepts.get(row.LoincNumber)?.properties.push({ code: 'GROUP', type: 'code', value: row.GroupId });
  }
}

async function readHierarchy(file: ReleaseFile | undefined, concepts: Concepts): Promise<Map<string, string[]>> {
  const parents = new Map<string, string[]>();
  if (file === undefined) return parents;
  for await (const row of commaRows(file, ['IMMEDIATE_PARENT', 'CODE', 'CODE_TEXT'])) {
    if (!concepts.has(row.CODE))
      concepts.set(row.CODE, { code: row.CODE, display: row.CODE_TEXT, isActive: true, properties: [] });
    if (row.IMMEDIATE_PARENT !== '' && parents.get(row.CODE)?.includes(row.IMMEDIATE_PARENT) !== true)
      addTo(parents, row.CODE, row.IMMEDIATE_PARENT);
  }
  return parents;
}
