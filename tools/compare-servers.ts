// Asks two FHIR servers that hold the same resources the same searches, and says where the answers differ: which resources matched, which were
// included, how many in all, in which order, or that one refuses what the other answers. Knows of no product.
//   npx tsx tools/compare-servers.ts <base URL> <base URL> [--put] [--all] [words of searches …]
// --put stores test/cases/search/compared-resources.ts on both first; --all names the searches with equal answers too.

import { type Compared, compared } from '../test/cases/search/compared.ts';
import { comparedResources } from '../test/cases/search/compared-resources.ts';

interface Entry {
  resource?: { resourceType: string; id: string };
  search?: { mode?: string };
}

interface Page {
  total?: number;
  entry?: Entry[];
  link?: { relation: string; url: string }[];
  issue?: { diagnostics?: string; details?: { text?: string } }[];
}

interface Answer {
  /** HTTP status; pages behind the first must answer 200 */
  status: number;
  matches: string[];
  included: string[];
  total: number | undefined;
  /** what a refusal says */
  says: string;
}

const PAGE = 500;

async function ask(base: string, search: string): Promise<Answer> {
  const answer: Answer = { status: 0, matches: [], included: [], total: undefined, says: '' };
  const pageSize = /[?&]_(count|summary)=/.test(search) ? '' : `${search.includes('?') ? '&' : '?'}_count=${PAGE}`;
  let url: string | undefined = `${base}/${search}${pageSize}`;
  for (let pages = 0; url !== undefined && pages < 40; pages++) {
    const response: Response = await fetch(url, { headers: { accept: 'application/fhir+json' } });
    const page = (await response.json()) as Page;
    if (pages === 0 || response.status !== 200) answer.status = response.status;
    answer.says = page.issue?.map((issue) => issue.diagnostics ?? issue.details?.text ?? '').join('; ') ?? '';
    if (pages === 0) answer.total = page.total;
    for (const { resource, search: { mode } = {} } of page.entry ?? []) {
      if (resource === undefined || mode === 'outcome') continue;
      (mode === 'include' ? answer.included : answer.matches).push(`${resource.resourceType}/${resource.id}`);
    }
    url = page.link?.find((link) => link.relation === 'next')?.url;
  }
  return answer;
}

/** What differs between the two, in a few words; undefined where nothing does. */
function difference(one: Answer, other: Answer, { ordered }: Compared): string | undefined {
  if (one.status >= 400 && other.status >= 400) return;
  if (one.status !== other.status)
    return `${one.status} ${one.says.slice(0, 200)} – ${other.status} ${other.says.slice(0, 200)}`;
  return (
    setDifference('matches', one.matches, other.matches) ??
    setDifference('included', one.included, other.included) ??
    (one.total !== undefined && other.total !== undefined && one.total !== other.total
      ? `total ${one.total} – ${other.total}`
      : undefined) ??
    (ordered === true && one.matches.join() !== other.matches.join()
      ? `order ${orderBreak(one.matches, other.matches)}`
      : undefined)
  );
}

function setDifference(what: string, one: string[], other: string[]): string | undefined {
  const only = (some: string[], rest: string[]): string[] => {
    const known = new Set(rest);
    return [...new Set(some.filter((id) => !known.has(id)))];
  };
  const left = only(one, other);
  const right = only(other, one);
  const twice = one.length !== new Set(one).size || other.length !== new Set(other).size ? ', some twice' : '';
  if (left.length === 0 && right.length === 0) return twice === '' ? undefined : `${what}${twice}`;
  const few = (ids: string[]): string =>
    ids.length === 0 ? '' : `: ${ids.slice(0, 6).join(' ')}${ids.length > 6 ? ' …' : ''}`;
  return `${what} ${one.length} – ${other.length}; only the first ${left.length}${few(left)}; only the second ${right.length}${few(right)}${twice}`;
}

function orderBreak(one: string[], other: string[]): string {
  const at = one.findIndex((id, index) => id !== other[index]);
  return `at ${at}: ${one[at]} – ${other[at]}`;
}

async function put(base: string): Promise<void> {
  const entry = comparedResources.map((resource) => ({
    fullUrl: `http://example.org/fhir/${resource.resourceType}/${resource.id}`,
    resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  }));
  const response = await fetch(base, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json' },
    body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
  });
  if (!response.ok) throw new Error(`${base}: ${response.status} ${await response.text()}`);
}

const [first, second, ...rest] = process.argv.slice(2);
if (first === undefined || second === undefined) throw new Error('Two base URLs are needed.');
const words = rest.filter((word) => !word.startsWith('--'));
if (rest.includes('--put')) for (const base of [first, second]) await put(base);
const tally = { same: 0, explained: 0, unexplained: 0 };
for (const row of compared) {
  if (words.length > 0 && !words.some((word) => row.search.includes(word))) continue;
  const [one, other] = await Promise.all([ask(first, row.search), ask(second, row.search)]);
  const told = difference(one, other, row);
  if (told === undefined) tally.same++;
  else if (row.because !== undefined) tally.explained++;
  else tally.unexplained++;
  if (told !== undefined || rest.includes('--all')) {
    const sizes = `${one.status} ${one.matches.length}+${one.included.length}`;
    console.log(
      `${told === undefined ? 'same' : row.because === undefined ? 'DIFFERS' : 'explained'} ${row.search} (${sizes})`,
    );
    if (told !== undefined) console.log(`    ${told}`);
  }
  if (told === undefined && row.because !== undefined) console.log(`NO LONGER DIFFERENT ${row.search}: ${row.because}`);
}
console.log(`${tally.same} the same, ${tally.explained} different for a reason, ${tally.unexplained} different`);
process.exitCode = tally.unexplained > 0 ? 1 : 0;
