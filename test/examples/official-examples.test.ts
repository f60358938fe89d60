// The examples that were published with R4 go through the whole server: stored, read back as they were written, decimals' text included, and
// found by each of their own search parameters. Of the 4,400 definitions among them, and of the largest Bundles of such, a third takes its turn each
// day: thousands are alike, and that each is valid and comes out as it went in is proved in test/unit/fhir/validation every time. EXAMPLES=full
// takes all.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPackages } from '../../src/cli/gen/packages.ts';
import type { SearchParameterType } from '../../src/fhir/definitions/definitions.ts';
import { parseJson, stringifyJson } from '../../src/fhir/model/json.ts';
import { ID, type Resource } from '../../src/fhir/model/resource.ts';
import { rotation } from '../support/rotation.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { createTermsOf } from './search-terms.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const AT_ONCE = 8;
const ENTRIES_PER_BATCH = 50;
const BATCH_BYTES = 2_000_000;
const MANY_OF_A_TYPE = 100;
const LARGE_BYTES = 2_000_000;
const TURNS = 3;
const TERMS_OF_A_PARAMETER = 8;

const noBase = '400 Bad Request: required at .base';
const isEmpty = '422 Unprocessable Content: invariant at .text.div';
const breaksRule = '422 Unprocessable Content: invariant at ';
const noName = '400 Bad Request: required at .name, required at .status';

/** file → why the server rightly refuses it: the issue's code, and the expression without indices */
const refused: Readonly<Record<string, string>> = {
  // txt-2: these narratives hold nothing but white space
  'ActivityDefinition-blood-tubes-supply.json': isEmpty,
  'ActivityDefinition-heart-valve-replacement.json': isEmpty,
  'EventDefinition-example.json': isEmpty,
  'Questionnaire-zika-virus-exposure-assessment.json': isEmpty,
  // bdl-7: some entries have the same fullUrl
  'Bundle-dataelements.json': breaksRule,
  // sdf-4: these have no baseDefinition, and are not abstract
  'StructureDefinition-Definition.json': breaksRule,
  'StructureDefinition-Event.json': breaksRule,
  'StructureDefinition-FiveWs.json': breaksRule,
  'StructureDefinition-Request.json': breaksRule,
  // 30 MB without its white space; a MongoDB document ends at 16 MB, so a resource does too
  'Bundle-resources.json': '413 Content Too Large: too-long at Bundle.entry',
  // name and status are 1..1
  'ImplementationGuide-fhir.json': noName,
  'ig-r4.json': noName,
  // linkId is 1..1, and this questionnaire has dozens of items without
  'Questionnaire-qs1.json':
    '400 Bad Request: required at .item.item.linkId, required at .item.item.item.linkId, required at .item.item.item.item.linkId',
  // search parameters for extensions of all types name no base, which is 1..*
  'SearchParameter-codesystem-extensions-CodeSystem-author.json': noBase,
  'SearchParameter-codesystem-extensions-CodeSystem-effective.json': noBase,
  'SearchParameter-codesystem-extensions-CodeSystem-end.json': noBase,
  'SearchParameter-codesystem-extensions-CodeSystem-keyword.json': noBase,
  'SearchParameter-codesystem-extensions-CodeSystem-workflow.json': noBase,
  'SearchParameter-valueset-extensions-ValueSet-author.json': noBase,
  'SearchParameter-valueset-extensions-ValueSet-effective.json': noBase,
  'SearchParameter-valueset-extensions-ValueSet-end.json': noBase,
  'SearchParameter-valueset-extensions-ValueSet-keyword.json': noBase,
  'SearchParameter-valueset-extensions-ValueSet-workflow.json': noBase,
};

interface Example {
  file: string;
  resource: Resource;
  text: string;
  /** where it was stored: `Patient/example` */
  place: string;
}

interface Question {
  type: string;
  kind: SearchParameterType;
  name: string;
  value: string;
  /** who must be found */
  ids: string[];
}

// biome-ignore lint/suspicious/noExplicitAny: entries of every shape
type Entry = any;

describe('the official R4 examples on the whole server', function () {
  this.timeout(1_200_000);

  const turn = rotation(3, 'EXAMPLES');
  let server: TestServer;
  let stored: Example[];

  before(async () => {
    server = await startTestServer('examples');
  });
  after(() => server.close());

  it('are stored, but for those that break the specification themselves', async () => {
    const examples = readExamples();
    console.log(`      ${examples.length.toLocaleString('en')} official examples (${turn.name})`);
    assert.ok(examples.length > 2000, `${examples.length} examples`);
    const outcomes = await answersOf(examples, ({ text }) => text.length, writeEntry);
    const refusals: Record<string, string> = {};
    for (const [index, { response }] of outcomes.entries()) {
      const example = examples[index]!;
      // 200: this server's own definitions have the names of a few published ones
      if (/^20[01]/.test(response.status)) example.place = /([^/]+\/[^/]+)\/_history/.exec(response.location)![1]!;
      else refusals[example.file] = reasonOf(response);
    }
    stored = examples.filter(({ place }) => place !== '');
    const read = new Set(examples.map(({ file }) => file));
    assert.deepEqual(refusals, Object.fromEntries(Object.entries(refused).filter(([file]) => read.has(file))));
  });

  it('are read back as they were written', async () => {
    const different: string[] = [];
    await inParallel(stored, async (example) => {
      // a Binary is else its content
      const read = await fetch(`${server.base}/${example.place}`, { headers: { accept: 'application/fhir+json' } });
      example.resource = parseJson(await read.text()) as Resource;
      if (withoutServersPart(example.resource) !== example.text) different.push(example.file);
    });
    assert.deepEqual(different, []);
  });

  it('are found by each of their search parameters', async () => {
    const questions = askForAll(stored);
    assert.ok(questions.length > 10_000, `${questions.length} questions`);
    assert.equal(new Set(questions.map(({ kind }) => kind)).size, 9, 'every type of search parameter is asked');
    const missed: string[] = [];
    const answers = await answersOf(questions, () => 1, getEntry);
    for (const [index, { resource, response }] of answers.entries()) {
      const { type, name, value, ids } = questions[index]!;
      const found = new Set(resource?.entry?.map((entry: Entry) => entry.resource.id));
      const lost = ids.filter((id) => !found.has(id));
      const isWhole = isCounted(ids) ? resource?.total === ids.length : lost.length === 0;
      const isUnderstood = !resource?.entry?.some((entry: Entry) => entry.search.mode === 'outcome');
      if (isWhole && isUnderstood) continue;
      missed.push(`${type}?${name}=${value} (${response.status}) should find ${lost.slice(0, 3)}`);
    }
    assert.deepEqual(missed, []);
  });

  function readExamples(): Example[] {
    findPackages(root, console.error);
    const folder = join(root, 'tools/definitions/node_modules/hl7.fhir.r4.examples');
    const seen = new Set<string>();
    const files = readdirSync(folder).filter((file) => /^[^.].*\.json$/.test(file) && file !== 'package.json');
    const isLarge = (file: string): boolean => statSync(join(folder, file)).size > LARGE_BYTES;
    return [...groupBy(files, (file) => (isLarge(file) ? '' : file.split('-')[0]!))]
      .flatMap(([type, some]) =>
        type === '' || some.length > MANY_OF_A_TYPE ? some.filter((_, at) => turn.isDue(at)) : some,
      )
      .map((file) => {
        const resource = parseJson(readFileSync(join(folder, file))) as Resource;
        const name = `${resource.resourceType}/${resource.id}`;
        // without an id of its own it is posted
        if (!ID.test(resource.id ?? '') || seen.has(name)) delete resource.id;
        seen.add(name);
        return { file, resource, text: withoutServersPart(resource), place: '' };
      });
  }

  function writeEntry({ resource }: Example): object {
    const { resourceType, id } = resource;
    const url = id === undefined ? resourceType : `${resourceType}/${id}`;
    return { resource, request: { method: id === undefined ? 'POST' : 'PUT', url } };
  }

  function getEntry({ type, name, value, ids }: Question): object {
    const query = `${name}=${encodeURIComponent(value)}`;
    // Values that many share are counted among the very resources that have them; rare ones must be found among all.
    const rest = isCounted(ids) ? `_id=${ids}&_summary=count` : '_elements=id&_count=1000';
    return { request: { method: 'GET', url: `${type}?${query}&${rest}` } };
  }

  /** The answers to many requests in order, sent as batches that are not too large. */
  async function answersOf<T>(
    items: readonly T[],
    size: (item: T) => number,
    entry: (item: T) => object,
  ): Promise<Entry[]> {
    const batches: { from: number; items: T[] }[] = [];
    let bytes = Number.POSITIVE_INFINITY;
    for (const [index, item] of items.entries()) {
      const last = batches.at(-1);
      bytes += size(item);
      if (last !== undefined && bytes <= BATCH_BYTES && last.items.length < ENTRIES_PER_BATCH) last.items.push(item);
      else {
        batches.push({ from: index, items: [item] });
        bytes = size(item);
      }
    }
    const answers: Entry[] = new Array(items.length);
    await inParallel(batches, async (batch) => {
      const body = stringifyJson({ resourceType: 'Bundle', type: 'batch', entry: batch.items.map(entry) });
      const headers = { 'content-type': 'application/fhir+json' };
      const response = await fetch(server.base, { method: 'POST', headers, body });
      const answer = (await response.json()) as Entry;
      assert.equal(response.status, 200, JSON.stringify(answer).slice(0, 500));
      for (const [index, one] of answer.entry.entries()) answers[batch.from + index] = one;
    });
    return answers;
  }

  /** Equal questions are asked once, about all who must be found. */
  function askForAll(examples: readonly Example[]): Question[] {
    const termsOf = createTermsOf(server.engine.definitions);
    const questions = new Map<string, Question>();
    for (const [type, ofType] of groupBy(examples, ({ resource }) => resource.resourceType)) {
      const termsOfOne = termsOf(type);
      // thousands of value sets take turns with the parameters and the ways to ask for them; rarer types try many of each
      const isFrequent = ofType.length > MANY_OF_A_TYPE;
      const most = isFrequent ? 1 : TERMS_OF_A_PARAMETER;
      for (const [index, { resource }] of ofType.entries()) {
        const byParameter = groupBy(termsOfOne(resource), ({ name }) => name.split(':')[0]!);
        for (const [position, terms] of [...byParameter.values()].entries()) {
          if (isFrequent && (index + position) % TURNS !== 0) continue;
          for (const { type: kind, name, value } of spread(terms, most, index)) {
            const key = JSON.stringify([type, name, value]);
            const known = questions.get(key);
            if (known === undefined) questions.set(key, { type, kind, name, value, ids: [resource.id!] });
            else if (!known.ids.includes(resource.id!)) known.ids.push(resource.id!);
          }
        }
      }
    }
    return [...questions.values()];
  }
});

/** `most` of the items, evenly over all of them, others for each `turn` */
function spread<T>(items: readonly T[], most: number, turn: number): readonly T[] {
  if (items.length <= most) return items;
  return Array.from(
    { length: most },
    (_, at) => items[(turn + Math.floor((at * items.length) / most)) % items.length]!,
  );
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

const isCounted = (ids: readonly string[]): boolean => ids.length > 20;

/** The resource's JSON without what the server writes into it, and beginning with its type. */
function withoutServersPart({ resourceType, id: _, meta: given, ...content }: Resource): string {
  const { versionId: _v, lastUpdated: _l, ...meta } = given ?? {};
  return stringifyJson({ resourceType, ...(Object.keys(meta).length > 0 && { meta }), ...content });
}

function reasonOf({ status, outcome }: Entry): string {
  const issues: string[] = outcome.issue.map(
    ({ code, expression }: { code: string; expression?: string[] }) =>
      `${code} at ${expression?.[0]?.replace(/^Bundle\.entry\[\d+\]\.resource/, '').replaceAll(/\[\d+\]/g, '')}`,
  );
  const why = status.startsWith('5') ? ` (${outcome.issue[0].diagnostics})` : '';
  return `${status}: ${[...new Set(issues)].join(', ')}${why}`;
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
