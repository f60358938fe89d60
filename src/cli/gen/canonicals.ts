// What the specification and THO publish under a canonical URL, without narrative: an index (canonicals.json) and the resources themselves
// (canonicals.bin), in blocks of related ones that are compressed each on its own, so that one is read in a few milliseconds.
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { joinBlocks, splitBlocks } from '../../fhir/conformance/block-file.ts';
import { urlsOf } from '../../fhir/conformance/definition-types.ts';
import type { SlimCanonicals } from '../../fhir/conformance/published.ts';
import type { Packages } from './packages.ts';

interface Published {
  resourceType: string;
  id: string;
  url?: string;
  version?: string;
  kind?: string;
  type?: string;
  derivation?: string;
  content?: string;
  concept?: Concept[];
  property?: { code: string; [element: string]: unknown }[];
  compose?: { include?: { system?: string; concept?: unknown }[] };
  expansion?: { extension?: unknown; contains?: Contains[]; [element: string]: unknown };
  extension?: { url: string; valueUri?: string; [value: string]: unknown }[];
  uniqueId?: { type: string; value: string }[];
  text?: unknown;
  [element: string]: unknown;
}

interface Concept {
  code: string;
  concept?: Concept[];
  property?: { code: string; [value: string]: unknown }[];
}

interface Contains {
  system?: string;
  contains?: Contains[];
}

/** A generated file that is not text: equal contents may be compressed differently by another Node. */
export interface Packed {
  pack(): Buffer;
  isIn(file: Buffer): boolean;
}

interface Content {
  index: SlimCanonicals;
  blocks: string[];
}

const TYPES = [
  'StructureDefinition',
  'ValueSet',
  'CodeSystem',
  'ConceptMap',
  'NamingSystem',
  'OperationDefinition',
  'CompartmentDefinition',
  'SearchParameter',
] as const;

/** characters; a block of this size is unpacked in about a millisecond */
const BLOCK_SIZE = 200_000;

let made: { packages: Packages; content: Content } | undefined;

function contentOf(packages: Packages): Content {
  if (made?.packages !== packages) made = { packages, content: make(packages) };
  return made.content;
}

export const canonicalsIndex = (packages: Packages): SlimCanonicals => contentOf(packages).index;

export function canonicalsBlocks(packages: Packages): Packed {
  const { blocks } = contentOf(packages);
  return {
    pack: () => joinBlocks(blocks.map(compress)),
    isIn(file) {
      const there = splitBlocks(file);
      return (
        there.length === blocks.length &&
        there.every((block, at) => brotliDecompressSync(block).toString() === blocks[at])
      );
    },
  };
}

function compress(block: string): Buffer {
  const bytes = Buffer.from(block);
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 20,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
}

function make(packages: Packages): Content {
  const blocks: string[] = [];
  const index: Record<string, Record<string, string[]>> = {};
  for (const type of TYPES) {
    const tails: Record<string, string[]> = {};
    let lines: string[] = [];
    let size = 0;
    const end = (): void => {
      if (lines.length > 0) blocks.push(lines.join('\n'));
      lines = [];
      size = 0;
    };
    for (const resource of resourcesOf(packages, type)) {
      const line = JSON.stringify(slim(resource));
      if (size + line.length > BLOCK_SIZE) end();
      for (const canonical of urlsOf(resource)) {
        // R4 gives six code systems of HL7 v2 a URL that holds their version
        const [url = '', version = resource.version ?? ''] = canonical.split('|');
        const cut = url.lastIndexOf('/') + 1;
        tails[url.slice(0, cut)] ??= [];
        tails[url.slice(0, cut)]!.push(`${url.slice(cut)} ${blocks.length} ${lines.length} ${version}`.trimEnd());
      }
      lines.push(line);
      size += line.length;
    }
    end();
    index[type] = tails;
  }
  return { index, blocks };
}

/** In the order of the file: what is needed together stands together, and of equal URLs the better one first. */
function resourcesOf(packages: Packages, type: (typeof TYPES)[number]): Published[] {
  const ofR4 = packages.read<Published>('hl7.fhir.r4.examples', type).filter((resource) => !isExample(resource));
  const ofTho = packages.read<Published>('hl7.terminology.r4', type);
  if (type === 'StructureDefinition') return [...ofR4, ...ofTho].sort((a, b) => compare(placeOf(a), placeOf(b)));
  const older = new Map(ofR4.map((resource) => [resource.url, resource]));
  const newer = new Set(ofTho.map(({ url }) => url));
  const kept = ofR4.filter(({ url }) => url === undefined || !newer.has(url));
  if (type === 'CodeSystem') return [...ofTho.map((system) => withCodesOf(system, older.get(system.url))), ...kept];
  if (type === 'ValueSet') return [...ofTho, ...withExpansions(kept, packages)];
  return [...ofTho, ...kept];
}

/** R4's examples of definitions lie among its definitions. */
const isExample = ({ url = '', version, id }: Published): boolean =>
  /^example/.test(id) || (version === undefined && url.startsWith('http://hl7.org/fhir/'));

/** datatypes, then each resource type and its profiles, then extensions and the rest */
function placeOf({ kind, type = '', derivation, id }: Published): string {
  const isExtension = type === 'Extension' && derivation === 'constraint';
  const group = isExtension ? 2 : kind === 'resource' ? 1 : 0;
  return `${group} ${isExtension ? '' : type} ${derivation === 'constraint' ? 1 : 0} ${id}`;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function slim({ text: _narrative, ...resource }: Published): Published {
  return resource;
}

const codesOf = (concepts: readonly Concept[]): Concept[] =>
  concepts.flatMap((concept) => [concept, ...codesOf(concept.concept ?? [])]);

/** https://hl7.org/fhir/R4/datatypes.html#code */
const CODE = /^[^\s]+(\s[^\s]+)*$/;

/** Codes that THO dropped stay valid, as retired ones: what was written by R4 must still be right. */
function withCodesOf(system: Published, older: Published | undefined): Published {
  const known = new Set(codesOf(system.concept ?? []).map(({ code }) => code));
  const dropped = codesOf(older?.concept ?? []).filter(({ code }) => !known.has(code) && CODE.test(code));
  if (dropped.length === 0) return system;
  const retired = dropped.map(({ concept: _nested, property = [], ...concept }) => ({
    ...concept,
    property: [...property, { code: 'status', valueCode: 'retired' }],
  }));
  return { ...system, concept: [...(system.concept ?? []), ...retired] };
}

/** SNOMED CT and LOINC are not ours to pass on. */
const LICENSED = new Set(['http://snomed.info/sct', 'http://loinc.org']);

/** The published expansion, where it is whole and cannot be made from published code systems. */
function withExpansions(valueSets: readonly Published[], packages: Packages): Published[] {
  const expansions = new Map(
    packages.read<Published>('hl7.fhir.r4.expansions', 'ValueSet').map(({ url, expansion }) => [url, expansion]),
  );
  const whole = new Set(
    (['hl7.fhir.r4.examples', 'hl7.terminology.r4'] as const)
      .flatMap((name) => packages.read<Published>(name, 'CodeSystem'))
      .filter(({ content }) => content === 'complete')
      .map(({ url }) => url),
  );
  return valueSets.map((valueSet) => {
    const includes = valueSet.compose?.include ?? [];
    const isMakeable = includes.every(({ system, concept }) => !system || concept || whole.has(system));
    const isLicensed = includes.some(({ system }) => system !== undefined && LICENSED.has(system));
    const expansion = expansions.get(valueSet.url);
    if (isMakeable || isLicensed || !expansion?.contains || expansion.extension) return valueSet;
    return { ...valueSet, expansion };
  });
}
