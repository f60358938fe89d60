// A value set with everything it names looked up: code systems and imported value sets. What is not here is remembered, not refused:
// a code may be decided without it. https://hl7.org/fhir/R4/valueset.html#compositions
import type {
  Extension,
  ValueSet,
  ValueSetComposeInclude,
  ValueSetComposeIncludeConcept,
  ValueSetComposeIncludeFilter,
  ValueSetExpansionContains,
} from 'fhir/r4.js';
import type { CodeSystemSource, ConceptFilter } from '../model/concept.ts';
import { FhirError } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import { parseEcl } from './ecl/parse.ts';
import { placed } from './placed.ts';
import type { Supplements, SupplementWish } from './supplements/in-use.ts';
import { readCanonical, type VersionRules, wantedVersion } from './versions.ts';

export interface Plan {
  /** `url|version`, or words for one without a URL */
  name: string;
  include: readonly Part[];
  exclude: readonly Part[];
  /** compose.inactive is false */
  activeOnly: boolean;
}

/** One include or exclude: all of what it says must hold. */
export interface Part {
  system?: string;
  /** that the value set, or the caller, asks for */
  version?: string;
  source?: CodeSystemSource;
  /** the code system is not here, so that what is not listed cannot be decided: a sentence that says so */
  missing?: string;
  /** the same of an imported value set, or of a supplement: then nothing can be decided */
  missingImport?: string;
  /** by code as compared, see `codeKey` */
  listed?: ReadonlyMap<string, ValueSetComposeIncludeConcept>;
  filters: readonly ConceptFilter[];
  imports: readonly Plan[];
}

export interface PlanDeps {
  valueSet(canonical: string): Promise<Resource | undefined>;
  codeSystem(url: string, version: string | undefined): Promise<CodeSystemSource | undefined>;
  /** the newest version of what HL7 publishes, which keeps the codes of older ones: for value sets that name an older one */
  successor(url: string): Promise<CodeSystemSource | undefined>;
  supplements: Pick<Supplements, 'missing' | 'apply'>;
}

export interface PlanOptions extends VersionRules {
  /** `url` or `url|version` of systems to be left out */
  excludeSystem?: readonly string[];
  /** supplements that the caller asks for, beside those that the value set names */
  supplements?: SupplementWish;
}

export const codeKey = (code: string, source: Pick<CodeSystemSource, 'isCaseSensitive'> | undefined): string =>
  source?.isCaseSensitive === false ? code.toLowerCase() : code;

export async function planValueSet(resource: Resource, deps: PlanDeps, options: PlanOptions = {}): Promise<Plan> {
  return plan(resource as unknown as ValueSet, { deps, options, above: [], isNested: false, supplements: [] });
}

interface Planning {
  deps: PlanDeps;
  options: PlanOptions;
  /** the value sets that led here: one of them again is a circle */
  above: readonly string[];
  /** a value set that another one names: what is wrong with it is said of the place that names it */
  isNested: boolean;
  /** supplements that the value set needs */
  supplements: readonly string[];
}

async function plan(valueSet: ValueSet, planning: Planning): Promise<Plan> {
  const { url, version, compose, expansion } = valueSet;
  const name = url === undefined ? 'the given value set' : version === undefined ? url : `${url}|${version}`;
  const { above, isNested } = planning;
  if (url !== undefined && above.includes(name)) {
    throw new FhirError('business-rule', `The value set ${name} includes itself: ${[...above, name].join(' → ')}`);
  }
  const below = {
    ...planning,
    above: url === undefined ? above : [...above, name],
    supplements: supplementsOf(valueSet.extension),
  };
  if (compose === undefined) {
    const parts = expansion === undefined ? [] : partsOfExpansion(expansion.contains ?? []);
    return { name, include: parts, exclude: [], activeOnly: false };
  }
  const parts = (items: readonly ValueSetComposeInclude[], element: string): Promise<Part[]> =>
    Promise.all(
      items.flatMap((item, index) =>
        isExcluded(item, planning.options)
          ? []
          : [planPart(item, below, isNested ? undefined : `ValueSet.compose.${element}[${index}]`)],
      ),
    );
  return {
    name,
    include: await parts(compose.include ?? [], 'include'),
    exclude: await parts(compose.exclude ?? [], 'exclude'),
    activeOnly: compose.inactive === false,
  };
}

/** `at`: the place of the item in the value set that was asked for */
async function planPart(item: ValueSetComposeInclude, planning: Planning, at: string | undefined): Promise<Part> {
  const { system, concept, filter = [], valueSet = [] } = item;
  const { deps, options } = planning;
  const wanted = system === undefined ? undefined : wantedVersion(system, item.version, options);
  const exact = system === undefined ? undefined : await deps.codeSystem(system, wanted);
  // not where the caller asked for the version
  const newer =
    exact === undefined &&
    system !== undefined &&
    wanted !== undefined &&
    wanted === item.version &&
    hasNoRule(system, options)
      ? await deps.successor(system)
      : undefined;
  const found = exact ?? newer;
  const needed = [...planning.supplements, ...supplementsOf(item.extension)];
  const wish = { ...options.supplements, useSupplement: [...needed, ...(options.supplements?.useSupplement ?? [])] };
  const source = found && (await deps.supplements.apply(found, wish));
  const version = newer === undefined ? wanted : newer.version;
  const imports: Plan[] = [];
  let missingImport = await deps.supplements.missing(needed);
  for (const [index, canonical] of valueSet.entries()) {
    const imported = await placed(at && `${at}.valueSet[${index}]`, async () => {
      const named = await deps.valueSet(canonical);
      return named && plan(named as unknown as ValueSet, { ...planning, isNested: true });
    });
    if (imported === undefined) missingImport ??= `The value set ${canonical} is not here`;
    else imports.push(imported);
  }
  const filters = await Promise.all(
    filter.map((one, index) => placed(at && `${at}.filter[${index}].value`, () => filterOf(system, one))),
  );
  return {
    ...(system !== undefined && { system }),
    ...(version !== undefined && { version }),
    ...(source !== undefined && { source }),
    ...(system !== undefined && source === undefined && { missing: isNotHere(system, version) }),
    ...(missingImport !== undefined && { missingImport }),
    ...(concept !== undefined && { listed: new Map(concept.map((one) => [codeKey(one.code, source), one])) }),
    filters,
    imports,
  };
}

/** "should not be used in its absence": https://hl7.org/fhir/R4/extension-valueset-supplement.html */
const SUPPLEMENT = 'http://hl7.org/fhir/StructureDefinition/valueset-supplement';

const supplementsOf = (extensions: readonly Extension[] = []): string[] =>
  extensions.flatMap(({ url, valueCanonical }) =>
    url === SUPPLEMENT && valueCanonical !== undefined ? [valueCanonical] : [],
  );

function filterOf(system: string | undefined, { property, op, value }: ValueSetComposeIncludeFilter): ConceptFilter {
  const filter = { property, op: op as ConceptFilter['op'], value };
  return system === SNOMED && op === '=' && EXPRESSIONS.has(property) ? { ...filter, ecl: parseEcl(value) } : filter;
}

const SNOMED = 'http://snomed.info/sct';
/** `constraint` is what the page of R4 says, `expression` what its CodeSystem says. https://hl7.org/fhir/R4/snomedct.html#filters */
const EXPRESSIONS: ReadonlySet<string> = new Set(['constraint', 'expression']);

const hasNoRule = (system: string, { checkSystemVersion = [], forceSystemVersion = [] }: PlanOptions): boolean =>
  ![...checkSystemVersion, ...forceSystemVersion].some((canonical) => readCanonical(canonical).url === system);

export const isNotHere = (system: string, version: string | undefined): string =>
  `The code system ${system}${version === undefined ? '' : ` in version ${version}`} is not here`;

function isExcluded({ system, version }: ValueSetComposeInclude, { excludeSystem = [] }: PlanOptions): boolean {
  return excludeSystem.some((canonical) => {
    const excluded = readCanonical(canonical);
    return excluded.url === system && (excluded.version === undefined || excluded.version === version);
  });
}

/** A value set that only says what was in it once: https://hl7.org/fhir/R4/valueset.html#expansion */
function partsOfExpansion(contains: readonly ValueSetExpansionContains[]): Part[] {
  const bySystem = new Map<string, Map<string, ValueSetComposeIncludeConcept>>();
  const add = (items: readonly ValueSetExpansionContains[]): void => {
    for (const { system, code, display, designation, abstract, contains: below = [] } of items) {
      if (system !== undefined && code !== undefined && abstract !== true) {
        const listed = bySystem.get(system) ?? new Map();
        bySystem.set(system, listed);
        listed.set(code, { code, ...(display && { display }), ...(designation && { designation }) });
      }
      add(below);
    }
  };
  add(contains);
  return [...bySystem].map(([system, listed]) => ({ system, listed, filters: [], imports: [] }));
}
