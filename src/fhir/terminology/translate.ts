// Translation of a code by the groups of a ConceptMap. https://hl7.org/fhir/R4/conceptmap.html
import type {
  ConceptMap,
  ConceptMapGroup,
  ConceptMapGroupElement,
  ConceptMapGroupElementTarget,
  ConceptMapGroupElementTargetDependsOn,
} from 'fhir/r4.js';
import type { Code } from '../model/concept.ts';
import { isVersion, readCanonical } from './versions.ts';

export interface Translation {
  equivalence: string;
  concept?: Code;
  product?: readonly { element: string; concept: Code }[];
  /** the map's canonical */
  source?: string;
}

export interface Wish {
  /** only into this system */
  targetSystem?: string;
  isReverse?: boolean;
  dependencies?: readonly { element?: string; concepts: readonly Code[] }[];
  /** another map of the server, for unmapped codes */
  otherMap(canonical: string): Promise<ConceptMap | undefined>;
}

export async function translateByMap(code: Code, map: ConceptMap, wish: Wish): Promise<Translation[]> {
  return translate(code, map, { wish, passed: new Set() });
}

interface Walk {
  wish: Wish;
  /** maps on the way here: `other-map` must not lead back */
  passed: Set<string>;
}

async function translate(code: Code, map: ConceptMap, walk: Walk): Promise<Translation[]> {
  const { wish } = walk;
  const found: Translation[] = [];
  for (const group of map.group ?? []) {
    const target = wish.isReverse === true ? group.source : group.target;
    if (wish.targetSystem !== undefined && target !== wish.targetSystem) continue;
    found.push(...(wish.isReverse === true ? backwards(code, group, map) : await forwards(code, group, map, walk)));
  }
  return distinct(found);
}

async function forwards(code: Code, group: ConceptMapGroup, map: ConceptMap, walk: Walk): Promise<Translation[]> {
  if (!isOf(code, group.source, group.sourceVersion)) return [];
  const elements = group.element.filter((element) => element.code === code.code);
  const targets = elements.flatMap(({ target = [] }) => target);
  if (targets.length === 0) return unmapped(code, group, map, walk);
  return targets.filter((target) => meets(target, walk.wish)).map((target) => translationOf(target, group, map));
}

/** The equivalence is read from the target to the source: https://hl7.org/fhir/R4/valueset-concept-map-equivalence.html */
const REVERSED: Readonly<Record<string, string>> = {
  wider: 'narrower',
  narrower: 'wider',
  subsumes: 'specializes',
  specializes: 'subsumes',
};

function backwards(code: Code, group: ConceptMapGroup, map: ConceptMap): Translation[] {
  if (!isOf(code, group.target, group.targetVersion)) return [];
  const from = (element: ConceptMapGroupElement, target: ConceptMapGroupElementTarget): Translation[] => {
    if (target.code !== code.code || element.code === undefined) return [];
    return [
      {
        equivalence: REVERSED[target.equivalence] ?? target.equivalence,
        concept: { ...codeIn(group.source, group.sourceVersion, element.code), ...shown(element.display) },
        ...sourceOf(map),
      },
    ];
  };
  return group.element.flatMap((element) => (element.target ?? []).flatMap((target) => from(element, target)));
}

/** https://hl7.org/fhir/R4/conceptmap-definitions.html#ConceptMap.group.unmapped */
async function unmapped(code: Code, group: ConceptMapGroup, map: ConceptMap, walk: Walk): Promise<Translation[]> {
  const rule = group.unmapped;
  if (rule === undefined) return [];
  if (rule.mode === 'provided') {
    return [{ equivalence: 'equal', concept: codeIn(group.target, group.targetVersion, code.code), ...sourceOf(map) }];
  }
  if (rule.mode === 'fixed') {
    if (rule.code === undefined) return [];
    const concept = { ...codeIn(group.target, group.targetVersion, rule.code), ...shown(rule.display) };
    return [{ equivalence: 'inexact', concept, ...sourceOf(map) }];
  }
  if (rule.url === undefined || walk.passed.has(rule.url)) return [];
  const other = await walk.wish.otherMap(rule.url);
  return other === undefined ? [] : translate(code, other, { ...walk, passed: new Set([...walk.passed, rule.url]) });
}

/** Everything the target depends on must be given. */
function meets({ dependsOn = [] }: ConceptMapGroupElementTarget, { dependencies = [] }: Wish): boolean {
  return dependsOn.every(({ property, system, value }) =>
    dependencies.some(
      ({ element, concepts }) =>
        element === property &&
        concepts.some((given) => given.code === value && (system === undefined || given.system === system)),
    ),
  );
}

function translationOf(target: ConceptMapGroupElementTarget, group: ConceptMapGroup, map: ConceptMap): Translation {
  const { code, display, equivalence, product = [] } = target;
  return {
    equivalence,
    ...(code !== undefined && {
      concept: { ...codeIn(group.target, group.targetVersion, code), ...shown(display) },
    }),
    ...(product.length > 0 && { product: product.map(productOf) }),
    ...sourceOf(map),
  };
}

const productOf = ({ property, system, value, display }: ConceptMapGroupElementTargetDependsOn) => ({
  element: property,
  concept: { ...codeIn(system, undefined, value), ...shown(display) },
});

const codeIn = (system: string | undefined, version: string | undefined, code: string): Code => ({
  ...(system !== undefined && { system }),
  ...(version !== undefined && { version }),
  code,
});

const shown = (display: string | undefined): { display?: string } => (display === undefined ? {} : { display });

function sourceOf({ url, version }: ConceptMap): { source?: string } {
  if (url === undefined) return {};
  return { source: version === undefined ? url : `${url}|${version}` };
}

const isOf = ({ system, version }: Code, url: string | undefined, of: string | undefined): boolean =>
  (system === undefined || url === undefined || readCanonical(url).url === system) &&
  (version === undefined || of === undefined || isVersion(version, of));

function distinct(translations: readonly Translation[]): Translation[] {
  const seen = new Map(translations.map((one) => [JSON.stringify(one), one]));
  return [...seen.values()];
}
