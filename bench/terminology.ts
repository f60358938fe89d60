// Loads a generated SNOMED CT release of a million concepts and asks the server for them: `npx tsx bench/terminology.ts [concepts]`.
// Nothing in it is SNOMED CT's: names are syllables, words are as unevenly frequent as in a real terminology.
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, type WriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createConceptStore } from '../src/fhir/storage/mongo/concepts/index.ts';
import { loadRelease } from '../src/fhir/terminology/releases/index.ts';
import { readConfig } from '../src/platform/config/config.ts';
import { startEngines } from '../src/platform/engines/engines.ts';
import { createLogger } from '../src/platform/logger/logger.ts';
import { connectMongo } from '../src/platform/mongo/connect.ts';
import { startServer } from '../src/server.ts';
import { seeded } from './rates.ts';

const CONCEPTS = Number(process.argv[2] ?? 1_000_000);
const WORDS = 60_000;
const ASKED = 60;
const MODULE = '900000000000207008';
const [SITE, SHAPE] = ['363698007', '116676008'];
const SET = '700043003';
const random = seeded(7);
/** as long as an identifier of the real one */
const idOf = (number: number): string => String(10_000_000 + number);
const say = (line: string): void => console.error(line);

const folder = mkdtempSync(path.join(tmpdir(), 'wardgate-terminology-'));
const words = Array.from({ length: WORDS }, word);
const config = {
  ...readConfig(),
  dataDir: path.join(folder, 'data'),
  mongodbUri: undefined,
  redisUrl: undefined,
  auth: 'off' as const,
};

/** Different ones each time, so that none is kept ready; `a` is one of ten branches, `b` a concept with some below it. */
const EXPRESSIONS: readonly [what: string, expression: (index: number) => string][] = [
  ['<< b', () => `<< ${idOf(10 + some(1000))}`],
  ['< a', (index) => `< ${idOf(1 + (index % 10))}`],
  ['^ set', () => `^ ${SET}`],
  ['<< b OR << b', () => `<< ${idOf(10 + some(1000))} OR << ${idOf(10 + some(1000))}`],
  ['<< a MINUS << b', (index) => `<< ${idOf(1 + (index % 10))} MINUS << ${idOf(10 + some(1000))}`],
  ['<< a : attr = << b', (index) => `<< ${idOf(1 + (index % 10))} : ${SITE} = << ${idOf(10 + some(50))}`],
  ['<< a : attr = *', (index) => `<< ${idOf(1 + (index % 10))} : ${SITE} = *`],
  [
    '<< a : { attr = << b, attr = << b }',
    (index) =>
      `<< ${idOf(1 + (index % 10))} : { ${SITE} = << ${idOf(10 + some(50))}, ${SHAPE} = << ${idOf(10 + some(50))} }`,
  ],
  ['<< a : [2..*] attr = << b', (index) => `<< ${idOf(1 + (index % 10))} : [2..*] ${SITE} = << ${idOf(10 + some(50))}`],
  ['<< b . attr', () => `<< ${idOf(10 + some(200))} . ${SITE}`],
  ['< (^ set)', () => `< (^ ${SET}) MINUS ${idOf(some(1000))}`],
  ['<< a {{ term = "…" }}', (index) => `<< ${idOf(1 + (index % 10))} {{ term = "${words[100 + some(2000)]}" }}`],
];

try {
  say('Writing the release …');
  const names = await writeRelease(path.join(folder, 'release'));
  const engines = await startEngines({ ...config, report: say });
  const mongo = await connectMongo({ uri: engines.mongodbUri, poolSize: 4 });
  try {
    const store = createConceptStore({ db: mongo.db, now: Date.now, graceMs: 0 });
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    let steps = '';
    let last = start;
    await loadRelease(path.join(folder, 'release'), store, {}, ({ what, done }) => {
      if (steps.endsWith(what)) return;
      const now = performance.now();
      if (steps !== '') say(`  ${((now - last) / 1000).toFixed(1)} s`);
      last = now;
      steps = what;
      say(`  ${what}${done === undefined ? ' (read)' : ''}`);
    });
    const used = process.cpuUsage(cpu);
    say(
      `Loaded ${CONCEPTS} concepts in ${((performance.now() - start) / 1000).toFixed(0)} s, of which ${((used.user + used.system) / 1e6).toFixed(0)} s CPU of the loader; peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MB.`,
    );
    const [system] = await store.list();
    const { collection } = (await mongo.db.collection('code_systems').findOne({ url: system!.url }))!;
    const stats = await mongo.db.command({ collStats: String(collection) });
    say(`On disk: ${mb(stats.storageSize)} MB of concepts, ${mb(stats.totalIndexSize)} MB of indexes.`);
    await ask(engines, names);
  } finally {
    await mongo.close();
    await engines.close();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function ask(
  { mongodbUri, redisUrl }: { mongodbUri: string; redisUrl: string },
  names: readonly string[],
): Promise<void> {
  const logger = createLogger({ level: 'warn', format: 'text', stream: process.stderr });
  const server = await startServer(
    { ...config, mongodbUri, redisUrl, host: '127.0.0.1', port: 0, seed: 'none' },
    logger,
    { onLost: say },
  );
  const url = (query: string, more: string): string =>
    `${server.base}/ValueSet/$expand?url=${encodeURIComponent(`http://snomed.info/sct?fhir_vs${query}`)}${more}`;
  const filter = (text: string): string => url('', `&count=20&filter=${encodeURIComponent(text)}`);
  const pick = (): string => names[Math.floor(random() * names.length)]!;
  const frequent = (index: number): string => words[index % 40]!;
  try {
    await measure('one whole word of a name', () => filter(pick().split(' ').at(-1)!));
    await measure('beginnings of two words of a name', () =>
      filter(
        pick()
          .split(' ')
          .slice(0, 2)
          .map((one) => one.slice(0, 4))
          .join(' '),
      ),
    );
    await measure('three letters', () => filter(pick().slice(0, 3)));
    await measure('one letter', () => filter(pick().slice(0, 1)));
    await measure('a word of the 40 most frequent', (index) => filter(frequent(index)));
    await measure('two words of the 40 most frequent', (index) => filter(`${frequent(index)} ${frequent(index + 7)}`));
    await measure('a word, below one of ten branches', (index) =>
      url(`=isa/${idOf(1 + (index % 10))}`, `&count=20&filter=${pick().split(' ').at(-1)}`),
    );
    await measure('the first page of a branch', (index) => url(`=isa/${idOf(1 + (index % 10))}`, '&count=20'));
    for (const [what, expression] of EXPRESSIONS)
      await measure(`ECL ${what}`, (index) => url(`=ecl/${expression(index)}`, '&count=20'));
    await measure('ECL, is a code in << a : attr = << b', (index) => {
      const valueSet = encodeURIComponent(`http://snomed.info/sct?fhir_vs=ecl/${EXPRESSIONS[5]![1](index % 5)}`);
      return `${server.base}/ValueSet/$validate-code?url=${valueSet}&system=http://snomed.info/sct&code=${idOf(some(CONCEPTS))}`;
    });
    await measure(
      '$lookup',
      () => `${server.base}/CodeSystem/$lookup?system=http://snomed.info/sct&code=${idOf(some(CONCEPTS))}`,
    );
    await measure(
      '$subsumes',
      (index) =>
        `${server.base}/CodeSystem/$subsumes?system=http://snomed.info/sct&codeA=${idOf(1 + (index % 10))}&codeB=${idOf(some(CONCEPTS))}`,
    );
  } finally {
    await server.close();
  }
}

/** from 1 to that */
function some(most: number): number {
  return 1 + Math.floor(random() * most);
}

async function measure(what: string, urlOf: (index: number) => string): Promise<void> {
  const times: number[] = [];
  for (let index = 0; index < ASKED; index++) {
    const start = performance.now();
    const response = await fetch(urlOf(index));
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${what}: ${response.status}`);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): string => times[Math.floor(times.length * share)]!.toFixed(0).padStart(5);
  console.log(`${what.padEnd(40)} median ${at(0.5)} ms, 95 % ${at(0.95)} ms, longest ${at(0.999)} ms`);
}

function mb(bytes: number): number {
  return Math.round(bytes / 1e6);
}

function word(): string {
  const syllable = (): string => 'bcdfghklmnprstvz'[Math.floor(random() * 16)]! + 'aeiou'[Math.floor(random() * 5)]!;
  return Array.from({ length: 2 + Math.floor(random() * 4) }, syllable).join('');
}

/** As in a language: the n-th word is about 1/n as frequent as the first. */
function frequentWord(): string {
  return words[Math.min(WORDS - 1, Math.floor(WORDS ** random()) - 1)]!;
}

async function writeRelease(to: string): Promise<string[]> {
  mkdirSync(to, { recursive: true });
  const open = async (
    name: string,
    heading: string,
  ): Promise<{ line(text: string): Promise<void>; end(): Promise<void> }> => {
    const file: WriteStream = createWriteStream(path.join(to, name));
    file.write(`${heading.replaceAll(' ', '\t')}\r\n`);
    return {
      async line(text) {
        if (!file.write(`${text}\r\n`)) await once(file, 'drain');
      },
      end: () => new Promise<void>((resolve) => void file.end(() => resolve())),
    };
  };
  const shared = 'id effectiveTime active moduleId';
  const concepts = await open('sct2_Concept_Snapshot_INT_20250101.txt', `${shared} definitionStatusId`);
  const descriptions = await open(
    'sct2_Description_Snapshot-en_INT_20250101.txt',
    `${shared} conceptId languageCode typeId term caseSignificanceId`,
  );
  const relationships = await open(
    'sct2_Relationship_Snapshot_INT_20250101.txt',
    `${shared} sourceId destinationId relationshipGroup typeId characteristicTypeId modifierId`,
  );
  const members = await open('der2_Refset_SimpleSnapshot_INT_20250101.txt', `${shared} refsetId referencedComponentId`);
  const names: string[] = [];
  const row = (...cells: (string | number)[]): string =>
    [cells[0], '20250101', '1', MODULE, ...cells.slice(1)].join('\t');
  for (let id = 1; id <= CONCEPTS; id++) {
    const name = Array.from({ length: 2 + Math.floor(random() * 5) }, frequentWord).join(' ');
    if (id % 500 === 0) names.push(name);
    const code = idOf(id);
    await concepts.line(row(code, '900000000000074008'));
    await descriptions.line(row(id * 10, code, 'en', '900000000000003001', `${name} (thing)`, '1'));
    await descriptions.line(row(id * 10 + 1, code, 'en', '900000000000013009', name, '1'));
    if (id % 100 === 0) await members.line(row(`m${id}`, SET, code));
    // ten branches; each concept hangs below an earlier one of about a tenth of its number, some below two: about as deep as the real one
    const parents = id <= 10 ? [] : [above(id), ...(random() < 0.4 ? [above(id)] : [])];
    for (const [index, parent] of parents.entries())
      await relationships.line(row(id * 10 + index, code, idOf(parent), 0, '116680003', '1', '1'));
    // one or two groups, of values that are as deep as bodies and their parts
    for (let group = 1; id > 10 && group <= (random() < 0.2 ? 2 : 1); group++) {
      for (const [at, attribute] of [SITE, SHAPE].entries())
        await relationships.line(
          row(id * 10 + 3 + group * 2 + at, code, idOf(some(20_000)), group, attribute, '1', '1'),
        );
    }
  }
  await Promise.all([concepts.end(), descriptions.end(), relationships.end(), members.end()]);
  return names;
}

function above(id: number): number {
  return 1 + Math.floor((random() ** 0.5 * (id - 1)) / 4);
}
