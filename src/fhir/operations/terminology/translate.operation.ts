// ConceptMap/$translate: what a code is in another system. https://hl7.org/fhir/R4/conceptmap-operation-translate.html
import type { Coding, ConceptMap } from 'fhir/r4.js';
import type { ConceptMapTranslateInput, ConceptMapTranslateOutput } from '../../../generated/operation-io.ts';
import type { CanonicalEntry, Canonicals } from '../../conformance/canonicals.ts';
import type { Code } from '../../model/concept.ts';
import { FhirError } from '../../model/errors.ts';
import { type Translation, translateByMap, type Wish } from '../../terminology/translate.ts';
import { canonicalOf, readCanonical } from '../../terminology/versions.ts';
import { defineOperation, type OperationContext } from '../operation.ts';
import { codeOf, codesOf, targetOf, withVersion } from './given.ts';

export default defineOperation<ConceptMapTranslateInput, ConceptMapTranslateOutput>({
  definition: 'ConceptMap-translate',
  needs: ['ConceptMap.rs'],
  async run(input, context) {
    const codes = codesOf(input);
    if (input.code !== undefined && input.system === undefined)
      throw new FhirError('required', 'A code is translated from its system', { expression: 'system' });
    const { canonicals } = context.engine;
    const find = async (canonical: string): Promise<ConceptMap | undefined> =>
      (await canonicals.find('ConceptMap', canonical)) as unknown as ConceptMap | undefined;
    const wish: Wish = {
      ...(input.targetsystem !== undefined && { targetSystem: input.targetsystem }),
      ...(input.reverse === true && { isReverse: true }),
      dependencies: (input.dependency ?? []).map(({ element, concept }) => ({
        ...(element !== undefined && { element }),
        concepts: (concept?.coding ?? []).flatMap((coding) =>
          coding.code === undefined ? [] : [codeOf(coding as Coding & { code: string })],
        ),
      })),
      otherMap: find,
    };
    const maps = await mapsGiven(input, context, find);
    const translations: Translation[] = [];
    for (const map of maps) for (const code of codes) translations.push(...(await translateByMap(code, map, wish)));
    return answer(translations, codes, maps.length);
  },
});

type Find = (canonical: string) => Promise<ConceptMap | undefined>;

/** The map of the instance, the one sent, or the one named; else all that lead from `source` to `target`. */
async function mapsGiven(
  input: ConceptMapTranslateInput,
  context: OperationContext,
  find: Find,
): Promise<ConceptMap[]> {
  const stored = (await targetOf(context)) as unknown as ConceptMap | undefined;
  const { url, conceptMap, conceptMapVersion } = input;
  if ([stored, url, conceptMap].filter((one) => one !== undefined).length > 1)
    throw new FhirError('invalid', 'Only one of the instance, url and conceptMap can be meant');
  const given = stored ?? conceptMap;
  if (given !== undefined) return [given];
  if (url !== undefined) {
    const canonical = withVersion(url, conceptMapVersion);
    const found = await find(canonical);
    if (found !== undefined) return [found];
    throw new FhirError('not-found', `The concept map ${canonical} is not known here`, { expression: 'url' });
  }
  const { target, targetsystem, source } = input;
  if (target === undefined && targetsystem === undefined && source === undefined) {
    throw new FhirError('required', 'Which map? One of url, conceptMap, source, target and targetsystem is needed');
  }
  return mapsBetween(input, context.engine.canonicals, find);
}

async function mapsBetween(input: ConceptMapTranslateInput, canonicals: Canonicals, find: Find): Promise<ConceptMap[]> {
  const [from, to] = input.reverse === true ? [input.target, input.source] : [input.source, input.target];
  const found: ConceptMap[] = [];
  for (const entry of newest(canonicals.list('ConceptMap'))) {
    const map = await find(canonicalOf(entry));
    if (map === undefined || map.status === 'retired') continue;
    if (isBetween(map.sourceUri ?? map.sourceCanonical, from) && isBetween(map.targetUri ?? map.targetCanonical, to))
      found.push(map);
  }
  return found;
}

const isBetween = (said: string | undefined, wanted: string | undefined): boolean =>
  wanted === undefined || (said !== undefined && readCanonical(said).url === readCanonical(wanted).url);

/** the first of each URL is the best */
function newest(entries: readonly CanonicalEntry[]): CanonicalEntry[] {
  const byUrl = new Map<string, CanonicalEntry>();
  for (const entry of entries) if (!byUrl.has(entry.url)) byUrl.set(entry.url, entry);
  return [...byUrl.values()];
}

const NO_MATCH: ReadonlySet<string> = new Set(['unmatched', 'disjoint']);

function answer(translations: readonly Translation[], codes: readonly Code[], maps: number): ConceptMapTranslateOutput {
  const result = translations.some(({ equivalence, concept }) => concept !== undefined && !NO_MATCH.has(equivalence));
  const named = codes.map(({ system = '', code }) => `${system}|${code}`).join(', ');
  const message =
    maps === 0
      ? 'No concept map leads from the source to the target'
      : translations.length === 0
        ? `No translation of ${named}`
        : `${named} is mapped to nothing`;
  return {
    result,
    ...(!result && { message }),
    ...(translations.length > 0 && { match: translations.map(matchOf) }),
  };
}

const matchOf = ({ equivalence, concept, product, source }: Translation) => ({
  equivalence,
  ...(concept !== undefined && { concept }),
  ...(product !== undefined && { product: [...product] }),
  ...(source !== undefined && { source }),
});
