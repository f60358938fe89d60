// `npm run gen`: makes the committed files that follow from published definitions. `npm run gen -- --check` only tells whether they are stale.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { artefactsOf } from './gen/artefacts.ts';
import type { Packed } from './gen/canonicals.ts';
import { findPackages } from './gen/packages.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const isCheck = process.argv.includes('--check');
const packages = findPackages(root, console.error);
const artefacts = Object.entries(await artefactsOf(root));
const stale: string[] = [];
for (const [name, make] of artefacts) {
  const path = join(root, name);
  const content = make(packages);
  if (existsSync(path) && isSame(content, readFileSync(path))) continue;
  stale.push(name);
  if (isCheck) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : content.pack());
}
function isSame(content: string | Packed, file: Buffer): boolean {
  return typeof content === 'string' ? file.toString() === content : content.isIn(file);
}
for (const name of stale) console.log(`${isCheck ? 'stale' : 'written'}: ${name}`);
if (stale.length === 0) console.log(`fresh: ${artefacts.length} generated files`);
if (isCheck && stale.length > 0) {
  console.error('Run `npm run gen` and commit what it writes.');
  process.exitCode = 1;
}
