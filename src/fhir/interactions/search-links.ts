// self, first and next: GET URLs that say what was really applied, for a POST _search too. https://hl7.org/fhir/R4/search.html#conformance
import type { SearchPlan } from '../search/index.ts';

/** what encodeURIComponent escapes without need in a query, so that links stay readable */
const READABLE: Readonly<Record<string, string>> = { '%3A': ':', '%2F': '/', '%2C': ',', '%24': '$' };

const encode = (text: string): string => {
  const encoded = encodeURIComponent(text);
  return encoded.includes('%') ? encoded.replace(/%(?:3A|2F|2C|24)/g, (code) => READABLE[code] ?? code) : encoded;
};

const pairOf = ([name, value]: readonly [string, string]): string => `${encode(name)}=${encode(value)}`;

export function pageLinks(
  address: string,
  { applied, after }: Pick<SearchPlan, 'applied' | 'after'>,
  next: string | undefined,
): { relation: string; url: string }[] {
  const first = `${address}?${applied.map(pairOf).join('&')}`;
  const page = (cursor: string): string => `${first}&${pairOf(['_cursor', cursor])}`;
  const links = [{ relation: 'self', url: after === undefined ? first : page(after) }];
  if (after !== undefined) links.push({ relation: 'first', url: first });
  if (next !== undefined) links.push({ relation: 'next', url: page(next) });
  return links;
}
