// Which supplements count: those that the value set or the caller names, and, for their designations, those in a language that is asked for.
// https://hl7.org/fhir/R4/codesystem.html#supplements and https://hl7.org/fhir/R4/extension-valueset-supplement.html
import type { CanonicalEntry, Canonicals } from '../../conformance/canonicals.ts';
import type { CodeSystemSource, Designation } from '../../model/concept.ts';
import { isLanguage, languagesIn } from '../displays.ts';
import { canonicalOf, isVersion, readCanonical, wasThere } from '../versions.ts';
import { type Supplement, supplementOf, supplements } from './supplement.ts';
import { supplemented } from './supplemented.ts';

export interface SupplementWish {
  /** canonicals */
  useSupplement?: readonly string[];
  /** tags, or headers such as `de-CH, de;q=0.9` */
  languages?: readonly string[];
  date?: string;
}

export interface Supplements {
  /** a sentence, where one of them is not here */
  missing(canonicals: readonly string[]): Promise<string | undefined>;
  /** whether the wish changes anything for any code system */
  matters(wish: SupplementWish): Promise<boolean>;
  /** the code system with what counts of its supplements */
  apply(source: CodeSystemSource, wish: SupplementWish): Promise<CodeSystemSource>;
}

export function createSupplements(canonicals: Canonicals): Supplements {
  const fixed = new Map<string, Supplement | undefined>();
  let known: { revision: number; all: Promise<readonly Supplement[]> } | undefined;

  async function read(entry: CanonicalEntry): Promise<Supplement | undefined> {
    const canonical = canonicalOf(entry);
    if (fixed.has(canonical)) return fixed.get(canonical);
    const resource = await canonicals.find('CodeSystem', canonical);
    const supplement = resource && supplementOf(resource);
    if (entry.origin.kind !== 'stored') fixed.set(canonical, supplement);
    return supplement;
  }

  /** Of what HL7 publishes with R4 and THO, only an example is a supplement: the others are looked through. */
  function all(): Promise<readonly Supplement[]> {
    const { revision } = canonicals;
    if (known?.revision === revision) return known.all;
    const entries = canonicals.list('CodeSystem').filter(({ origin }) => origin.kind !== 'published');
    const found = Promise.all(entries.map(read)).then((list) => list.filter((one) => one !== undefined));
    known = { revision, all: found };
    found.catch(() => {
      if (known?.all === found) known = undefined;
    });
    return found;
  }

  async function named(canonical: string): Promise<Supplement | undefined> {
    const resource = await canonicals.find('CodeSystem', canonical);
    const { version } = readCanonical(canonical);
    const isMeant = version === undefined || isVersion(resource?.version as string | undefined, version);
    return resource !== undefined && isMeant ? supplementOf(resource) : undefined;
  }

  /** whether a language is one of those asked for */
  function languageTest(languages: readonly string[] = []): (language: string) => boolean {
    const wanted = languages.flatMap(languagesIn);
    return (language) => wanted.some((one) => isLanguage(language, one));
  }

  async function speaking({ languages = [], date }: SupplementWish): Promise<Supplement[]> {
    if (languages.length === 0) return [];
    const isAsked = languageTest(languages);
    return (await all()).filter((one) => wasThere(one.date, date) && [...one.languages()].some(isAsked));
  }

  return {
    async missing(asked) {
      for (const canonical of asked)
        if ((await named(canonical)) === undefined) return `The supplement ${canonical} is not here`;
      return undefined;
    },
    matters: async (wish) => (wish.useSupplement ?? []).length > 0 || (await speaking(wish)).length > 0,
    async apply(source, wish) {
      const asked = await Promise.all([...new Set(wish.useSupplement)].map(named));
      const own = asked.filter((one) => one !== undefined && supplements(one, source)) as Supplement[];
      const others = (await speaking(wish)).filter((one) => supplements(one, source) && !own.includes(one));
      const isAsked = languageTest(wish.languages);
      const isWanted = ({ language }: Designation): boolean => language !== undefined && isAsked(language);
      return supplemented(source, [
        ...own.map((supplement) => ({ supplement })),
        ...others.map((supplement) => ({ supplement, isWanted })),
      ]);
    },
  };
}
