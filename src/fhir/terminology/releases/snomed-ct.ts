// SNOMED CT from the snapshot files of an RF2 release. https://hl7.org/fhir/R4/snomedct.html
// and https://confluence.ihtsdotools.org/display/DOCRELFMT
import type { ConceptProperty, Designation } from '../../model/concept.ts';
import type { AssociationSource, ReadConcept } from '../../storage/concepts.ts';
import type { ReleaseFiles } from './files.ts';
import { addTo, ancestorsOf } from './hierarchy.ts';
import type { ReleaseFormat } from './release.ts';
import { tabRows } from './rows.ts';

const URL = 'http://snomed.info/sct';
const IS_A = '116680003';
const FULLY_SPECIFIED = '900000000000003001';
const SYNONYM = '900000000000013009';
const PREFERRED = '900000000000548007';
const DEFINED = '900000000000073002';
const CORE_MODULE = '900000000000207008';
const US_ENGLISH = '900000000000509007';

const CONCEPTS = /^x?sct2_Concept_(Spanish)?Snapshot.*\.txt$/i;
const DESCRIPTIONS = /^x?sct2_(Description|TextDefinition)_.*Snapshot.*\.txt$/i;
const RELATIONSHIPS = /^x?sct2_Relationship_.*Snapshot.*\.txt$/i;
const CONCRETE_VALUES = /^x?sct2_RelationshipConcreteValues_.*Snapshot.*\.txt$/i;
const LANGUAGES = /^x?der2_cRefset_.*Language.*Snapshot.*\.txt$/i;
const ASSOCIATIONS = /^x?der2_cRefset_.*Association.*Snapshot.*\.txt$/i;
/** reference sets of every kind; those of descriptions have no concept as a member */
const SETS = /^x?der2_[a-z]*Refset_(?!.*Language).*Snapshot.*\.txt$/i;
const MODULES = /^x?der2_ssRefset_ModuleDependency.*Snapshot.*\.txt$/i;

interface Row {
  isActive: boolean;
  moduleId: string;
  effectiveTime: string;
  isDefined: boolean;
}

export const snomedCt: ReleaseFormat = {
  code: 'snomed',
  url: URL,
  title: 'SNOMED CT',
  needs: 'the RF2 snapshot: sct2_Concept_Snapshot…, sct2_Description_Snapshot…, sct2_Relationship_Snapshot… .txt',
  isIt: (files) => files.findAll(CONCEPTS).length > 0,
  async read(files, { version }, say) {
    say('concepts');
    const concepts = await readConcepts(files);
    say('relationships');
    const { parents, attributes, usedBy } = await readRelationships(files);
    say('preferred terms');
    const preferred = await readPreferred(files);
    say('descriptions');
    const terms = await readTerms(files, preferred);
    say('reference sets');
    const memberOf = await readSets(files, concepts);
    const sets = new Set([...memberOf.values()].flat());
    const sources = await readAssociations(files, concepts);
    const associations = new Set([...sources.values()].flat().map(({ set }) => set));
    const types = new Map<string, ConceptProperty['type']>();
    for (const rows of attributes.values()) for (const { code, type } of rows) types.set(code, type);
    return {
      head: {
        url: URL,
        version: version ?? (await versionOf(files, concepts)),
        title: 'SNOMED CT',
        hasReferenceSets: true,
        properties: [
          { code: 'inactive', type: 'boolean' },
          { code: 'moduleId', type: 'code' },
          { code: 'sufficientlyDefined', type: 'boolean' },
          { code: 'effectiveTime', type: 'string' },
          { code: 'isRefset', type: 'boolean' },
          ...[...types].sort().map(([code, type]) => {
            const description = terms.get(code)?.display;
            return { code, type, ...(description !== undefined && { description }) };
          }),
        ],
        relations: { attributes: [...types.keys()].sort(), associations: [...associations].sort() },
      },
      total: concepts.size,
      concepts: assemble(),
    };

    function* assemble(): Iterable<ReadConcept> {
      for (const [code, row] of concepts) {
        const { display, definition, definitionLanguage, designations } = terms.get(code) ?? {};
        const above = parents.get(code);
        const member = memberOf.get(code);
        const rows = attributes.get(code);
        const types = usedBy.get(code);
        const leadingHere = sources.get(code);
        const properties: ConceptProperty[] = [
          { code: 'inactive', type: 'boolean', value: !row.isActive },
          { code: 'moduleId', type: 'code', value: row.moduleId },
          { code: 'sufficientlyDefined', type: 'boolean', value: row.isDefined },
          { code: 'effectiveTime', type: 'string', value: row.effectiveTime },
          ...(sets.has(code) ? [{ code: 'isRefset', type: 'boolean', value: true } as const] : []),
          ...(rows === undefined ? [] : differentOnes(rows)),
        ];
        yield {
          code,
          ...(display !== undefined && { display }),
          ...(definition !== undefined && { definition }),
          ...(definitionLanguage !== undefined && { definitionLanguage }),
          isActive: row.isActive,
          ...(designations !== undefined && { designations }),
          properties,
          ...(above !== undefined && { parents: above, ancestors: ancestorsOf(code, parents) }),
          ...(member !== undefined && { memberOf: member }),
          ...(rows !== undefined && { groups: groupsOf(rows) }),
          ...(types !== undefined && { usedBy: [...types] }),
          ...(leadingHere !== undefined && { sources: leadingHere }),
        };
      }
    }
  },
};

async function readConcepts(files: ReleaseFiles): Promise<Map<string, Row>> {
  const concepts = new Map<string, Row>();
  const columns = ['id', 'effectiveTime', 'active', 'moduleId', 'definitionStatusId'] as const;
  for (const file of files.findAll(CONCEPTS)) {
    for await (const { id, effectiveTime, active, moduleId, definitionStatusId } of tabRows(file, columns)) {
      const known = concepts.get(id);
      // an edition and its extension may both hold a row: the later one counts
      if (known !== undefined && known.effectiveTime >= effectiveTime) continue;
      concepts.set(id, {
        isActive: active === '1',
        moduleId,
        effectiveTime,
        isDefined: definitionStatusId === DEFINED,
      });
    }
  }
  return concepts;
}

/** A relationship other than `is a`, with its group; 0: in none. */
interface Relationship extends ConceptProperty {
  group: string;
}

interface Relationships {
  parents: Map<string, string[]>;
  attributes: Map<string, Relationship[]>;
  /** attributes by the concepts that are their values */
  usedBy: Map<string, Set<string>>;
}

async function readRelationships(files: ReleaseFiles): Promise<Relationships> {
  const parents = new Map<string, string[]>();
  const attributes = new Map<string, Relationship[]>();
  const usedBy = new Map<string, Set<string>>();
  const columns = ['active', 'sourceId', 'destinationId', 'relationshipGroup', 'typeId'] as const;
  for (const file of files.findAll(RELATIONSHIPS)) {
    for await (const { active, sourceId, destinationId, relationshipGroup: group, typeId } of tabRows(file, columns)) {
      if (active !== '1') continue;
      if (typeId === IS_A) {
        if (parents.get(sourceId)?.includes(destinationId) !== true) addTo(parents, sourceId, destinationId);
        continue;
      }
      addTo(attributes, sourceId, { code: typeId, type: 'code', value: destinationId, group });
      const types = usedBy.get(destinationId);
      if (types === undefined) usedBy.set(destinationId, new Set([typeId]));
      else types.add(typeId);
    }
  }
  const concrete = ['active', 'sourceId', 'value', 'relationshipGroup', 'typeId'] as const;
  for (const file of files.findAll(CONCRETE_VALUES)) {
    for await (const { active, sourceId, value, relationshipGroup: group, typeId } of tabRows(file, concrete)) {
      if (active === '1') addTo(attributes, sourceId, { code: typeId, ...readConcrete(value), group });
    }
  }
  return { parents, attributes, usedBy };
}

/** `#500`, `"text"`, `true`. https://docs.snomed.org/snomed-ct-specifications/snomed-ct-release-file-specification/component-release-files-specification/4.2-file-format-specifications/4.2.6-concrete-value-file-specification */
function readConcrete(written: string): Pick<ConceptProperty, 'type' | 'value'> {
  if (written.startsWith('#')) return { type: 'decimal', value: Number(written.slice(1)) };
  if (/^(true|false)$/i.test(written)) return { type: 'boolean', value: written.toLowerCase() === 'true' };
  return { type: 'string', value: written.replace(/^"(.*)"$/s, '$1').replace(/\\(["\\])/g, '$1') };
}

/** The same may be said in several groups. */
function differentOnes(rows: readonly Relationship[]): ConceptProperty[] {
  const found = new Map(rows.map(({ code, type, value }) => [`${code}=${value}`, { code, type, value }]));
  return [...found.values()];
}

function groupsOf(rows: readonly Relationship[]): ConceptProperty[][] {
  const groups = new Map<string, ConceptProperty[]>();
  const alone = differentOnes(rows.filter(({ group }) => group === '0')).map((row) => [row]);
  for (const row of rows) if (row.group !== '0') addTo(groups, row.group, row);
  return [...alone, ...groups.values()];
}

/** description → 2: preferred in US English, 1: preferred in another language or dialect */
async function readPreferred(files: ReleaseFiles): Promise<Map<string, 1 | 2>> {
  const preferred = new Map<string, 1 | 2>();
  const columns = ['active', 'refsetId', 'referencedComponentId', 'acceptabilityId'] as const;
  for (const file of files.findAll(LANGUAGES)) {
    for await (const { active, refsetId, referencedComponentId, acceptabilityId } of tabRows(file, columns)) {
      if (active !== '1' || acceptabilityId !== PREFERRED) continue;
      if (refsetId === US_ENGLISH) preferred.set(referencedComponentId, 2);
      else if (!preferred.has(referencedComponentId)) preferred.set(referencedComponentId, 1);
    }
  }
  return preferred;
}

interface Terms {
  display?: string;
  definition?: string;
  definitionLanguage?: string;
  designations?: Designation[];
}

const TYPES: Readonly<Record<string, string>> = {
  [FULLY_SPECIFIED]: 'Fully specified name',
  [SYNONYM]: 'Synonym',
};
const uses = new Map(Object.entries(TYPES).map(([code, display]) => [code, { system: URL, code, display }]));

async function readTerms(files: ReleaseFiles, preferred: ReadonlyMap<string, 1 | 2>): Promise<Map<string, Terms>> {
  const terms = new Map<string, Terms>();
  const grades = new Map<string, number>();
  const columns = ['id', 'active', 'conceptId', 'languageCode', 'typeId', 'term'] as const;
  for (const file of files.findAll(DESCRIPTIONS)) {
    for await (const { id, active, conceptId, languageCode, typeId, term } of tabRows(file, columns)) {
      if (active !== '1') continue;
      const known = terms.get(conceptId) ?? {};
      terms.set(conceptId, known);
      const use = uses.get(typeId);
      if (use === undefined) {
        if (known.definition === undefined)
          Object.assign(known, { definition: term, definitionLanguage: languageCode });
        continue;
      }
      const grade = gradeOf(typeId, languageCode, preferred.get(id));
      const designation = { language: languageCode, use, value: term };
      known.designations ??= [];
      // what is preferred stands first, so that it is the one shown in its language
      if (typeId === SYNONYM && preferred.has(id)) known.designations.unshift(designation);
      else known.designations.push(designation);
      if (grade > (grades.get(conceptId) ?? -1)) {
        grades.set(conceptId, grade);
        known.display = term;
      }
    }
  }
  return terms;
}

/** A preferred English synonym, best an American one, then any preferred one, any synonym, and the fully specified name at last. */
function gradeOf(typeId: string, language: string, preference: 1 | 2 | undefined): number {
  if (typeId === FULLY_SPECIFIED) return 0;
  if (preference === undefined) return 1;
  if (preference === 2) return 4;
  return language === 'en' ? 3 : 2;
}

async function readSets(files: ReleaseFiles, concepts: ReadonlyMap<string, Row>): Promise<Map<string, string[]>> {
  const memberOf = new Map<string, string[]>();
  const columns = ['active', 'refsetId', 'referencedComponentId'] as const;
  for (const file of files.findAll(SETS)) {
    for await (const { active, refsetId, referencedComponentId } of tabRows(file, columns)) {
      if (active !== '1' || !concepts.has(referencedComponentId)) continue;
      // a map has several rows for one concept
      if (memberOf.get(referencedComponentId)?.includes(refsetId) !== true)
        addTo(memberOf, referencedComponentId, refsetId);
    }
  }
  return memberOf;
}

/** By the target; what withdrew a concept leads from it to those that replace it. */
async function readAssociations(
  files: ReleaseFiles,
  concepts: ReadonlyMap<string, Row>,
): Promise<Map<string, AssociationSource[]>> {
  const sources = new Map<string, AssociationSource[]>();
  const columns = ['active', 'refsetId', 'referencedComponentId', 'targetComponentId'] as const;
  for (const file of files.findAll(ASSOCIATIONS)) {
    for await (const row of tabRows(file, columns)) {
      if (row.active !== '1' || !concepts.has(row.referencedComponentId)) continue;
      addTo(sources, row.targetComponentId, { set: row.refsetId, code: row.referencedComponentId });
    }
  }
  return sources;
}

/** `http://snomed.info/sct/[edition]/version/[date]`: the edition is the module on which no other one depends. */
async function versionOf(files: ReleaseFiles, concepts: ReadonlyMap<string, Row>): Promise<string> {
  const depending = new Set<string>();
  const needed = new Set<string>();
  for (const file of files.findAll(MODULES)) {
    for await (const row of tabRows(file, ['active', 'moduleId', 'referencedComponentId'])) {
      if (row.active !== '1') continue;
      depending.add(row.moduleId);
      needed.add(row.referencedComponentId);
    }
  }
  const roots = [...depending].filter((module) => !needed.has(module));
  const edition = roots.length === 1 ? roots[0]! : CORE_MODULE;
  let date = '';
  for (const { effectiveTime } of concepts.values()) if (effectiveTime > date) date = effectiveTime;
  // the release may be later than the last change of a concept; its files are named by it
  const named = /_(\d{8})\.txt$/.exec(files.findAll(CONCEPTS).at(-1)?.name ?? '')?.[1] ?? '';
  return `${URL}/${edition}/version/${named > date ? named : date}`;
}
