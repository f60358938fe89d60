// Every generated file that is committed, and how it is made. A new one is one line here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadDefinitions } from '../../fhir/definitions/load.ts';
import { readProfiles } from '../../fhir/definitions/profiles.ts';
import { canonicalsBlocks, canonicalsIndex, type Packed } from './canonicals.ts';
import { capabilityStatement } from './capability-statement.ts';
import { compartments } from './compartments.ts';
import { layOut } from './lay-out.ts';
import { operationIo } from './operation-io.ts';
import type { Packages } from './packages.ts';
import { searchParameters } from './search-parameters.ts';
import { types } from './types.ts';
import { valueSets } from './value-sets.ts';

/** path below the root → its content, from the published packages */
export type Artefacts = Readonly<Record<string, (packages: Packages) => string | Packed>>;

const INDEX = 'src/fhir/definitions/generated';

export async function artefactsOf(root: string): Promise<Artefacts> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const profiles = await readProfiles(join(root, 'profiles'));
  return {
    [`${INDEX}/types.json`]: (packages) => layOut(types(packages), 3),
    [`${INDEX}/search-parameters.json`]: (packages) => layOut(searchParameters(packages), 1),
    [`${INDEX}/compartments.json`]: (packages) => layOut(compartments(packages), 2),
    [`${INDEX}/value-sets.json`]: (packages) => layOut(valueSets(packages), 1),
    [`${INDEX}/canonicals.json`]: (packages) => layOut(canonicalsIndex(packages), 3),
    [`${INDEX}/canonicals.bin`]: canonicalsBlocks,
    // from the index that was just written
    'src/generated/operation-io.ts': () => operationIo(loadDefinitions(), profiles),
    'capability-statement.json': () => capabilityStatement(loadDefinitions(), profiles, version),
  };
}
