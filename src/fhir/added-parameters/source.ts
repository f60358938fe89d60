// The SearchParameters that users stored and packages brought. What is stored wins over what a package says under the same URL.
import type { Canonicals } from '../conformance/canonicals.ts';
import type { Engine } from '../interactions/call.ts';
import { parseJson } from '../model/json.ts';
import type { Predicate } from '../model/predicate.ts';
import type { Resource } from '../model/resource.ts';
import { planCriteria } from '../search/index.ts';
import { everyMatch } from '../storage/every-match.ts';
import type { Store } from '../storage/store.ts';

export interface ParameterSource {
  /** the one that counts of those with this URL */
  find(url: string): Promise<Resource | undefined>;
  /** one of each URL or more, in no order */
  all(): AsyncIterable<Resource>;
}

export interface SourceDeps {
  engine: Engine;
  store: Pick<Store, 'find'>;
  canonicals?: Pick<Canonicals, 'find' | 'list' | 'versions'> | undefined;
}

const PAGE = 200;
const TYPE = 'SearchParameter';

export function createParameterSource({ engine, store, canonicals }: SourceDeps): ParameterSource {
  const { definitions, settings, now } = engine;

  async function* stored(where: Predicate): AsyncIterable<Resource> {
    const sort = [{ by: 'lastUpdated', descending: true }] as const;
    for await (const { bytes } of everyMatch(store, { type: TYPE, where, sort, atOnce: PAGE }))
      yield parseJson(bytes) as Resource;
  }

  return {
    async find(url) {
      const { where } = planCriteria({ definitions, type: TYPE, query: [['url', escaped(url)]], settings, now: now() });
      let newest: Resource | undefined;
      for await (const resource of stored(where)) {
        if (resource.status === 'active') return resource;
        newest ??= resource;
      }
      if (newest) return newest;
      // one that was just deleted may still be known there; its end is told (onChange) like every change
      const isStored = canonicals?.versions(TYPE, url)[0]?.origin.kind === 'stored';
      return isStored ? undefined : canonicals?.find(TYPE, url);
    },
    async *all() {
      const seen = new Set<unknown>();
      for await (const resource of stored({ op: 'and', of: [] })) {
        seen.add(resource.url);
        yield resource;
      }
      for (const { url, origin } of canonicals?.list(TYPE) ?? []) {
        if (origin.kind !== 'package' || seen.has(url)) continue;
        const resource = await canonicals!.find(TYPE, url);
        if (resource) yield resource;
      }
    },
  };
}

/** https://hl7.org/fhir/R4/search.html#escaping */
const escaped = (url: string): string => url.replace(/[\\,|$]/g, '\\$&');
