// The terminology service over what the canonicals hold, the built-in systems, and what the operator loaded.
// https://hl7.org/fhir/R4/terminology-service.html
import { randomUUID } from 'node:crypto';
import type { Canonicals } from '../conformance/canonicals.ts';
import type { Code, CodeSystemSource, Concept } from '../model/concept.ts';
import { FhirError } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import type { LoadedSystems } from '../storage/concepts.ts';
import { sourceOf } from './code-system-resource.ts';
import { decide, missingImportOf, sourceOfSystem, systemsOf } from './decide.ts';
import { displayIn, isDisplayOf } from './displays.ts';
import { enumerate, merge } from './enumerate.ts';
import { expandPlan, languagesOf } from './expand.ts';
import { implicitValueSet, valueSetOfSystem } from './implicit-value-sets.ts';
import { membershipOf } from './membership.ts';
import { createSupplements, type SupplementWish } from './supplements/in-use.ts';
import { isSupplement } from './supplements/supplement.ts';
import { builtInSystems } from './systems/index.ts';
import type { ExpandOptions, Membership, Terminology, Verdict } from './terminology.ts';
import { codeKey, isNotHere, type Plan, type PlanDeps, type PlanOptions, planValueSet } from './value-set-plan.ts';
import { canonicalOf, isVersion, readCanonical, wasThere } from './versions.ts';
import { createWholeSystems } from './whole-systems.ts';

export interface TerminologyDeps {
  canonicals: Canonicals;
  /** code systems that the operator loaded into the database */
  loaded?: Pick<LoadedSystems, 'sources' | 'revision'>;
  /** TERMINOLOGY_MAX_EXPANSION */
  maxExpansion: number;
  now: () => number;
}

/** codes of one value set that are held in memory for validation */
const MOST_MEMBERS = 100_000;
/** value sets whose parts, or codes, are kept ready */
const MOST_REMEMBERED = 1000;

export function createTerminology({ canonicals, loaded, maxExpansion, now }: TerminologyDeps): Terminology {
  /** by canonical of the value set, for as long as no definition changes */
  const plans = new Map<string, Promise<Plan | undefined>>();
  const memberships = new Map<string, Promise<Membership | undefined>>();
  const currentRevision = (): number => canonicals.revision + (loaded?.revision ?? 0);
  let revision = -1;
  function forgetWhatChanged(): void {
    const current = currentRevision();
    if (current === revision) return;
    revision = current;
    plans.clear();
    memberships.clear();
  }

  async function codeSystem(url: string, version?: string, date?: string): Promise<CodeSystemSource | undefined> {
    const fits = (source: { version?: string }): boolean => version === undefined || isVersion(source.version, version);
    const stored = loaded?.sources(url).find(fits);
    if (stored !== undefined) return stored;
    for (const entry of canonicals.versions('CodeSystem', url)) {
      if (!fits(entry)) continue;
      const resource = await canonicals.find('CodeSystem', canonicalOf(entry));
      if (resource === undefined || !wasThere(resource.date, date)) continue;
      const source = sourceOf(resource);
      if (source !== undefined) return source;
    }
    // grammars and ISO lists have no versions that matter
    return builtInSystems.get(url);
  }

  async function valueSet(canonical: string, date?: string): Promise<Resource | undefined> {
    const { url, version } = readCanonical(canonical);
    const entries = canonicals.versions('ValueSet', url);
    for (const entry of entries) {
      if (version !== undefined && !isVersion(entry.version, version)) continue;
      const resource = await canonicals.find('ValueSet', canonicalOf(entry));
      if (resource !== undefined && wasThere(resource.date, date)) return resource;
    }
    if (entries.length > 0) return undefined;
    const implicit = implicitValueSet(url);
    if (implicit !== undefined) return implicit;
    const system = await ofWholeSystem(url);
    return system && valueSetOfSystem(url, system.url, system.version);
  }

  const ofWholeSystem = createWholeSystems(canonicals);
  const supplements = createSupplements(canonicals);

  const depsOf = (date?: string): PlanDeps => ({
    valueSet: (canonical) => valueSet(canonical, date),
    codeSystem: (url, version) => codeSystem(url, version, date),
    async successor(url) {
      // HL7 publishes no more than the names of what operators load
      if ((loaded?.sources(url) ?? []).length > 0) return undefined;
      const [best] = canonicals.versions('CodeSystem', url);
      return best?.origin.kind === 'published' ? codeSystem(url, undefined, date) : undefined;
    },
    supplements,
  });
  const deps = depsOf();

  /** Plans that are asked for again and again are kept; what depends on the caller's wishes is made anew. */
  async function planFor(asked: string | Resource, date?: string, rules?: PlanOptions): Promise<Plan | undefined> {
    if (typeof asked === 'string' && date === undefined && rules === undefined) return planOf(asked);
    const resource = typeof asked === 'string' ? await valueSet(asked, date) : asked;
    return resource && planValueSet(resource, depsOf(date), rules);
  }

  /** Undefined where nothing changes by it, so that what is kept can be taken. */
  async function wishOf(
    { useSupplement, date }: Pick<ExpandOptions, 'useSupplement' | 'date'>,
    languages: readonly (string | undefined)[],
  ): Promise<SupplementWish | undefined> {
    const why = await supplements.missing(useSupplement ?? []);
    if (why !== undefined) throw new FhirError('not-found', why, { expression: 'useSupplement' });
    const wish = {
      ...(useSupplement && { useSupplement }),
      languages: languages.filter((one) => one !== undefined),
      ...(date !== undefined && { date }),
    };
    return (await supplements.matters(wish)) ? wish : undefined;
  }

  function planOf(canonical: string): Promise<Plan | undefined> {
    forgetWhatChanged();
    let plan = plans.get(canonical);
    if (plan === undefined) {
      plan = valueSet(canonical).then((resource) => resource && planValueSet(resource, deps));
      remember(plans, canonical, plan);
    }
    return plan;
  }

  async function isNoSystem(url: string | undefined): Promise<boolean> {
    const resource = url === undefined ? undefined : await canonicals.find('CodeSystem', url);
    return resource !== undefined && isSupplement(resource);
  }

  async function codesOf(canonical: string, limit: number): Promise<readonly Code[] | undefined> {
    return unlessMissing(async () => {
      const plan = await planOf(canonical);
      if (plan === undefined) return undefined;
      const codes: Code[] = [];
      for await (const batch of enumerate(plan, {})) {
        codes.push(...batch.map(({ system, concept }) => ({ system, code: concept.code })));
        if (codes.length > limit) return undefined;
      }
      return codes;
    });
  }

  return {
    get revision() {
      return currentRevision();
    },
    codeSystem,
    codesOf,
    membership(canonical) {
      forgetWhatChanged();
      let membership = memberships.get(canonical);
      if (membership === undefined) {
        membership = unlessMissing(async () => {
          const plan = await planOf(canonical);
          return plan && membershipOf(plan, MOST_MEMBERS);
        });
        remember(memberships, canonical, membership);
      }
      return membership;
    },
    validateCode(code, options) {
      const { valueSet: asked, codeSystem: given, date } = options;
      return unlessUnknown(async () => {
        const wish = await wishOf(options, [options.displayLanguage]);
        if (asked !== undefined) {
          const plan = await planFor(asked, date, wish && { supplements: wish });
          return plan === undefined ? unknown(`The value set ${asked} is not here`) : inValueSet(code, options, plan);
        }
        const own = given && sourceOf(given);
        const verdict = await inSystem(code, options, async (url, version) => {
          const source = own ?? (await codeSystem(url, version, date));
          return source && wish ? supplements.apply(source, wish) : source;
        });
        return 'isUnknown' in verdict && (await isNoSystem(code.system)) ? noSystem(code.system!) : verdict;
      });
    },
    async expand(asked, options = {}) {
      const resource = typeof asked === 'string' ? await valueSet(asked, options.date) : asked;
      const wish = await wishOf(options, [options.displayLanguage, ...languagesOf(options.designation)]);
      const rules = { ...options, ...(wish && { supplements: wish }) };
      const plan =
        resource && (await planFor(asked, options.date, wish || hasVersionRules(options) ? rules : undefined));
      if (plan === undefined) throw new FhirError('not-found', `The value set ${asked} is not here`);
      return expandPlan(resource!, plan, options, { limit: maxExpansion, now, newId: randomUUID });
    },
    async supplemented(source, wish) {
      const found = await wishOf(wish, wish.languages ?? []);
      return found ? supplements.apply(source, found) : source;
    },
    valueSet,
    async closure(system, code, direction, limit) {
      return unlessMissing(async () => {
        const source = await codeSystem(system);
        if (source === undefined) return undefined;
        if ((await source.lookup(code)) === undefined) return [{ system, code }];
        const op = direction === 'below' ? 'is-a' : 'generalizes';
        const codes: Code[] = [];
        for await (const batch of source.each({ filters: [{ property: 'concept', op, value: code }] })) {
          codes.push(...batch.map((concept) => ({ system, code: concept.code })));
          if (codes.length > limit) return undefined;
        }
        return codes;
      });
    },
  };
}

const hasVersionRules = ({
  systemVersion,
  checkSystemVersion,
  forceSystemVersion,
  excludeSystem,
}: ExpandOptions): boolean =>
  [systemVersion, checkSystemVersion, forceSystemVersion, excludeSystem].some((list) => (list ?? []).length > 0);

/** What failed is tried again by the next who asks. */
function remember<T>(cache: Map<string, Promise<T>>, key: string, value: Promise<T>): void {
  const [oldest] = cache.keys();
  if (cache.size >= MOST_REMEMBERED && oldest !== undefined) cache.delete(oldest);
  cache.set(key, value);
  value.catch(() => {
    if (cache.get(key) === value) cache.delete(key);
  });
}

/** What cannot be listed is not known, for those who only ask. */
async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isUndecided(error)) return undefined;
    throw error;
  }
}

async function unlessUnknown(work: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await work();
  } catch (error) {
    if (isUndecided(error)) return unknown(error.message);
    throw error;
  }
}

const UNDECIDED: ReadonlySet<string> = new Set(['business-rule', 'too-costly', 'not-supported', 'value']);

/** A value set that is wrong, or too much, decides nothing; other errors are ours. */
const isUndecided = (error: unknown): error is FhirError => error instanceof FhirError && UNDECIDED.has(error.kind);

/** https://hl7.org/fhir/R4/codesystem.html#supplements */
const noSystem = (url: string): Verdict => ({
  result: false,
  message: `${url} is a supplement: its codes are those of the code system that it adds to`,
});

const unknown = (message: string): Verdict => ({ result: false, isUnknown: true, message });

interface Asking {
  displayLanguage?: string;
  isAbstractAllowed?: boolean;
}

async function inSystem(
  { system, version, code, display }: Code,
  options: Asking,
  codeSystem: PlanDeps['codeSystem'],
): Promise<Verdict> {
  if (system === undefined) return unknown(`The code '${code}' has no system`);
  const source = await codeSystem(system, version);
  if (source === undefined) return unknown(isNotHere(system, version));
  const concept = await source.lookup(code);
  if (concept !== undefined) return verdictOf({ concept, source, display }, options);
  if (!source.isComplete) return unknown(`The code system ${system} is here only in part`);
  return { result: false, message: `The code '${code}' is not in the code system ${versioned(source)}` };
}

async function inValueSet({ system, version, code, display }: Code, options: Asking, plan: Plan): Promise<Verdict> {
  let unsure: string | undefined;
  for (const candidate of system === undefined ? systemsOf(plan) : [system]) {
    const decision = (await decide(plan, [code], { system: candidate, ...(version !== undefined && { version }) })).get(
      code,
    )!;
    if (typeof decision === 'string') unsure ??= decision;
    if (decision !== true) continue;
    const source = sourceOfSystem(plan, candidate);
    const concept = await conceptIn(plan, { system: candidate, code }, source);
    return verdictOf({ concept, source, system: candidate, display }, options);
  }
  if (system === undefined) unsure ??= missingImportOf(plan);
  if (unsure !== undefined) return unknown(unsure);
  const named = system === undefined ? `'${code}'` : `'${system}|${code}'`;
  return { result: false, message: `The code ${named} is not in the value set ${plan.name}` };
}

/** With the display that the value set gives it. */
async function conceptIn(
  plan: Plan,
  { system, code }: { system: string; code: string },
  source: CodeSystemSource | undefined,
): Promise<Concept> {
  const known = await source?.lookup(code);
  for (const part of plan.include) {
    const listed = part.system === system ? part.listed?.get(codeKey(code, source)) : undefined;
    if (listed !== undefined) return merge(withBoth(listed.display, known), known);
  }
  return known ?? { code, isActive: true };

  /** a display of the code system stays right where the value set has another */
  function withBoth(shown: string | undefined, concept: Concept | undefined) {
    const other = concept?.display;
    return {
      code,
      ...(shown !== undefined && { display: shown }),
      ...(other !== undefined && other !== shown && { designation: [{ value: other }] }),
    };
  }
}

function verdictOf(
  found: { concept: Concept; source: CodeSystemSource | undefined; system?: string; display: string | undefined },
  { displayLanguage, isAbstractAllowed }: Asking,
): Verdict {
  const { concept, source, display: given } = found;
  const { code, isAbstract } = concept;
  const display = displayIn(concept, displayLanguage);
  const shown = display === undefined ? {} : { display };
  if (isAbstract === true && isAbstractAllowed !== true)
    return { result: false, message: `The code '${code}' is abstract: it only groups others`, ...shown };
  // what a rule says about its codes is a help for readers, not their name
  if (given !== undefined && source?.isListed !== false && !isDisplayOf(concept, given)) {
    return {
      result: false,
      isDisplay: true,
      message: `'${given}' is no display of the code '${code}'; its display is '${display}'`,
      ...shown,
    };
  }
  const system = source?.url ?? found.system;
  return {
    result: true,
    ...shown,
    ...(system !== undefined && { system }),
    ...(source?.version !== undefined && { version: source.version }),
    ...(concept.isActive ? {} : { message: `The code '${code}' is inactive` }),
  };
}

const versioned = ({ url, version }: CodeSystemSource): string => (version === undefined ? url : `${url}|${version}`);
