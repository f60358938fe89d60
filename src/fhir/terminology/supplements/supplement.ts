// What a CodeSystem supplement adds to the concepts of another code system: designations and properties, never codes.
// https://hl7.org/fhir/R4/codesystem-definitions.html#CodeSystem.supplements
import type { CodeSystem } from 'fhir/r4.js';
import type { CodeSystemSource, ConceptFilter, ConceptProperty, Designation } from '../../model/concept.ts';
import type { Resource } from '../../model/resource.ts';
import { hasWords, normalise, wordsOf } from '../../model/words.ts';
import { buildGraph, type Graph, type GraphNode } from '../concept-graph.ts';
import { compileFilter } from '../graph-filters.ts';
import { canonicalOf, isVersion, readCanonical } from '../versions.ts';

export interface Supplement {
  /** `url|version` */
  canonical: string;
  /** what it adds to; a version, where only that one is meant */
  system: string;
  version?: string;
  date?: string;
  properties: NonNullable<CodeSystemSource['properties']>;
  designations(code: string): readonly Designation[];
  /** of its designations */
  languages(): ReadonlySet<string>;
  propertiesOf(code: string): readonly ConceptProperty[];
  /** codes with a designation of these in which every word begins one of its words, best first */
  find(text: string, isWanted: (designation: Designation) => boolean): string[];
  /** which concepts meet a filter on a property that it adds: those here, and whether all others do */
  filter(filter: ConceptFilter): { meeting: ReadonlySet<string>; others: boolean; failing: ReadonlySet<string> };
}

/** by the parsed resource, as for code systems */
const made = new WeakMap<Resource, Supplement>();

export const isSupplement = (resource: Resource): boolean => resource.content === 'supplement';

/** Undefined for a supplement of nothing. */
export function supplementOf(resource: Resource): Supplement | undefined {
  const { supplements } = resource as unknown as CodeSystem;
  if (!isSupplement(resource) || supplements === undefined) return undefined;
  const supplement = made.get(resource) ?? createSupplement(resource as unknown as CodeSystem, supplements);
  made.set(resource, supplement);
  return supplement;
}

function createSupplement(resource: CodeSystem, supplements: string): Supplement {
  const { url = '', version: own, language, date, property = [] } = resource;
  const { url: system, version } = readCanonical(supplements);
  const isCaseSensitive = resource.caseSensitive !== false;
  let built: Graph | undefined;
  const graph = (): Graph => {
    built ??= buildGraph(resource, isCaseSensitive);
    return built;
  };
  const properties = new Map(
    property.map(({ code, uri, type, description }) => [
      code,
      { ...(uri !== undefined && { uri }), type, ...(description !== undefined && { description }) },
    ]),
  );
  const designationsOf = ({ concept }: GraphNode): Designation[] => [
    // a display that says in which language it is, is a designation
    ...(concept.display === undefined || language === undefined ? [] : [{ language, value: concept.display }]),
    ...(concept.designations ?? []).map((one) => (language === undefined ? one : { language, ...one })),
  ];
  let languages: ReadonlySet<string> | undefined;
  let read: { code: string; designation: Designation; text: string }[] | undefined;
  const texts = () => {
    read ??= graph().nodes.flatMap((node) =>
      designationsOf(node).map((designation) => ({
        code: node.concept.code,
        designation,
        text: normalise(designation.value),
      })),
    );
    return read;
  };
  return {
    canonical: canonicalOf({ url, ...(own !== undefined && { version: own }) }),
    system,
    ...(version !== undefined && { version }),
    ...(date !== undefined && { date }),
    properties,
    designations: (code) => {
      const node = graph().find(code);
      return node === undefined ? [] : designationsOf(node);
    },
    languages() {
      languages ??= new Set(texts().flatMap(({ designation }) => designation.language ?? []));
      return languages;
    },
    propertiesOf: (code) => graph().find(code)?.concept.properties ?? [],
    find(text, isWanted) {
      const words = wordsOf(text);
      if (words.length === 0) return [];
      const found = texts().filter((one) => hasWords(one.text, words) && isWanted(one.designation));
      found.sort((a, b) => a.text.length - b.text.length);
      return [...new Set(found.map(({ code }) => code))];
    },
    filter(filter) {
      const meets = compileFilter(filter, {
        url,
        graph: graph(),
        properties: new Set(properties.keys()),
        isCaseSensitive,
      });
      const codes = (isMeeting: boolean): Set<string> =>
        new Set(
          graph()
            .nodes.filter((node) => meets(node) === isMeeting)
            .map(({ concept }) => concept.code),
        );
      return { meeting: codes(true), failing: codes(false), others: meets(UNSAID) };
    },
  };
}

/** A concept of which it says nothing. */
const UNSAID: GraphNode = { concept: { code: '', isActive: true }, order: 0, parents: [], children: [] };

export const supplements = ({ system, version }: Supplement, source: CodeSystemSource): boolean =>
  system === source.url && (version === undefined || isVersion(source.version, version));
