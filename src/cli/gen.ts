// `npm run gen`: makes the committed files that follow from published definitions. `npm run gen -- --check` only tells whether they are stale.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadDefinitions } from '../fhir/definitions/load.ts';
import { readProfiles } from '../fhir/definitions/profiles.ts';
import { capabilityStatement } from './gen/capability-statement.ts';
import { compartments } from './gen/compartments.ts';
import { layOut } from './gen/lay-out.ts';
import { operationIo } from './gen/operation-io.ts';
import { findPackages, type Packages } from './gen/packages.ts';
import { searchParameters } from './gen/search-parameters.ts';
import { types } from './gen/types.ts';
import { valueSets } from './gen/value-sets.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const generated = join(root, 'src/fhir/definitions/generated');

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const profiles = await readProfiles(join(root, 'profiles'));

/** file → its text; a new generated file is one line here */
const artefacts: Record<string, (packages: Packages) => string> = {
  [join(generated, 'types.json')]: (packages) => layOut(types(packages), 3),
  [join(generated, 'search-parameters.json')]: (packages) => layOut(searchParameters(packages), 1),
  [join(generated, 'compartments.json')]: (packages) => layOut(compartments(packages), 2),
  [join(generated, 'value-sets.json')]: (packages) => layOut(valueSets(packages), 1),
  [join(root, 'src/generated/operation-io.ts')]: () => operationIo(join(root, 'profiles'), loadDefinitions()),
  [join(root, 'capability-statement.json')]: () => capabilityStatement(loadDefinitions(), profiles, version),
};

const isCheck = process.argv.includes('--check');
const packages = findPackages(root, console.error);
const stale: string[] = [];
for (const [path, make] of Object.entries(artefacts)) {
  const text = make(packages);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  stale.push(relative(root, path));
  if (isCheck) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
for (const path of stale) console.log(`${isCheck ? 'stale' : 'written'}: ${path}`);
if (stale.length === 0) console.log(`fresh: ${Object.keys(artefacts).length} generated files`);
if (isCheck && stale.length > 0) {
  console.error('Run `npm run gen` and commit what it writes.');
  process.exitCode = 1;
}
