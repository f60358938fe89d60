// npx tsx tools/match/evaluate.ts <file of patients, NDJSON> [seed]
// Precision and recall of $match on patients with typing errors, among their twins, siblings, children and namesakes. Candidates are found by the
// searches that the operation makes, answered in memory; one patient in five is not among them.
import { readFileSync } from 'node:fs';
import type { Patient } from 'fhir/r4.js';
import { loadDefinitions } from '../../src/fhir/definitions/load.ts';
import { matches } from '../../src/fhir/model/matches.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { blocksOf } from '../../src/fhir/operations/standard/match-candidates.ts';
import { type Grade, scoreOf } from '../../src/fhir/operations/standard/match-score.ts';
import { createKeyExtractor, planCriteria } from '../../src/fhir/search/index.ts';
import { lookalikes, mistyped, randomOf, withoutNumbers } from './mistype.ts';

const [file, seed = '1'] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: npx tsx tools/match/evaluate.ts <patients.ndjson> [seed]');

const QUERIES_OF_EACH = 12;
const random = randomOf(Number(seed));
const definitions = loadDefinitions();
const settings = { defaultPageSize: 20, maxPageSize: 1000, timeZone: 'UTC' };
const extractor = createKeyExtractor(definitions, settings);

const people = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => withoutNumbers(JSON.parse(line) as Patient));
const isKnown = (index: number): boolean => index % 5 !== 4;
const population = people
  .flatMap((person, index) => [...(isKnown(index) ? [person] : []), ...lookalikes(person, people, random)])
  .map((patient) => ({ patient, keys: extractor.extract(patient as never as Resource) }));

function candidatesOf(asked: Patient): Patient[] {
  const now = Date.now();
  const blocks = blocksOf(asked).map(
    (query) => planCriteria({ definitions, type: 'Patient', query, settings, now }).where,
  );
  return population
    .filter(({ patient, keys }) => blocks.some((where) => matches(where, keys, { id: patient.id!, lastUpdated: 0 })))
    .map(({ patient }) => patient);
}

const pairs: Record<Grade, { right: number; wrong: number }> = {
  certain: { right: 0, wrong: 0 },
  probable: { right: 0, wrong: 0 },
  possible: { right: 0, wrong: 0 },
  'certainly-not': { right: 0, wrong: 0 },
};
const missed = new Map<string, number>();
let [asked, found, firstFound, blocked, compared] = [0, 0, 0, 0, 0];

for (const [index, person] of people.entries()) {
  for (let query = 0; query < QUERIES_OF_EACH; query++) {
    const { asked: described, made } = mistyped(person, 1 + (query % 3), random);
    const candidates = candidatesOf(described);
    compared += candidates.length;
    const scored = candidates
      .map((patient) => ({ id: patient.id, ...scoreOf(described, patient) }))
      .sort((a, b) => b.score - a.score);
    for (const { id, grade } of scored) pairs[grade][id === person.id ? 'right' : 'wrong']++;
    if (!isKnown(index)) continue;
    asked++;
    const own = scored.find(({ id }) => id === person.id);
    if (own === undefined) blocked++;
    if (scored[0]?.id === person.id) firstFound++;
    if (own?.grade === 'certain' || own?.grade === 'probable') found++;
    else {
      const name = made.sort().join(' + ');
      missed.set(name, (missed.get(name) ?? 0) + 1);
    }
  }
}

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(2)} %`;
console.log(
  `${people.length} people, ${population.length} records, ${asked} queries for one of them, ${people.length * QUERIES_OF_EACH - asked} for none`,
);
console.log(`candidates compared for a query: ${(compared / (people.length * QUERIES_OF_EACH)).toFixed(1)}`);
for (const grade of ['certain', 'probable', 'possible'] as const) {
  const { right, wrong } = pairs[grade];
  console.log(
    `${grade}: precision ${percent(right, right + wrong)} (${right} right, ${wrong} wrong), recall ${percent(right, asked)}`,
  );
}
console.log(
  `probable or better: recall ${percent(found, asked)}; the right one first: ${percent(firstFound, asked)}; not among the candidates: ${blocked}`,
);
console.log('missed most:', [...missed].sort((a, b) => b[1] - a[1]).slice(0, 8));
