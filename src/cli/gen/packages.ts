// The definition packages (CC0) live in a package of their own, tools/definitions: over 200 MB that a newcomer's `npm start` must not wait for.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type PackageName = 'hl7.fhir.r4.examples' | 'hl7.fhir.r4.expansions' | 'hl7.terminology.r4';

export interface Packages {
  /** every resource of a type in a package, in the order of file names; `examples` holds the definitions as well */
  read<T>(name: PackageName, type: string): T[];
  /** one resource; throws where it is missing */
  readOne<T>(name: PackageName, file: string): T;
}

export function findPackages(root: string, say: (line: string) => void): Packages {
  const home = join(root, 'tools/definitions');
  const folder = (name: PackageName) => join(home, 'node_modules', name);
  if (!existsSync(folder('hl7.fhir.r4.examples'))) {
    say('Installing the published FHIR definitions into tools/definitions/node_modules (once, about 280 MB) ...');
    execFileSync('npm', ['ci', '--prefix', home, '--no-audit', '--no-fund'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    });
  }
  const parse = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;
  return {
    read: <T>(name: PackageName, type: string) =>
      readdirSync(folder(name))
        .filter((file) => file.startsWith(`${type}-`) && file.endsWith('.json'))
        .sort()
        .map((file) => parse<T>(join(folder(name), file))),
    readOne: <T>(name: PackageName, file: string) => parse<T>(join(folder(name), file)),
  };
}
