// Writes THIRD-PARTY-NOTICES from the licences of the production dependencies: npx tsx tools/write-notices.ts
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface LockedPackage {
  version: string;
  dev?: boolean;
  devOptional?: boolean;
  optional?: boolean;
  license?: string;
}

const root = fileURLToPath(new URL('../', import.meta.url));
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, LockedPackage>;
};

interface Notice {
  name: string;
  licence: string;
  text: string;
}

const notices = Object.entries(packages)
  .filter(([path, { dev, devOptional, optional }]) => path !== '' && !dev && !devOptional && !optional)
  .map(([path, locked]) => noticeOf(path, locked))
  .sort((a, b) => a.name.localeCompare(b.name, 'en'));

function noticeOf(path: string, { version, license }: LockedPackage): Notice {
  const name = `${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)} ${version}`;
  const home = join(root, path);
  const files = readdirSync(home)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .sort();
  const text = files.map((file) => readFileSync(join(home, file), 'utf8').replaceAll('\r\n', '\n').trim()).join('\n\n');
  return { name, licence: license ?? licenceIn(home), text };
}

function licenceIn(home: string): string {
  const { license } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { license?: string };
  return license ?? 'see the text';
}

/** Many packages share one text (the Apache licence above all): each text once, with all its packages. */
const byText = new Map<string, Notice[]>();
for (const notice of notices) {
  const key = notice.text || `Licence: ${notice.licence}. The package carries no licence text of its own.`;
  byText.set(key, [...(byText.get(key) ?? []), notice]);
}

const line = '-'.repeat(78);
const sections = [...byText].map(
  ([text, of]) => `${line}\n${of.map(({ name, licence }) => `${name} (${licence})`).join('\n')}\n${line}\n\n${text}\n`,
);
const head = `Wardgate uses the packages below. It does not contain MongoDB or Redis: those are programs of their own, found on
the machine or fetched from their publishers, under the licences that come with them. The definitions of FHIR R4 are
published by HL7 under CC0 1.0. The demo patients in seed/ were made by Synthea (https://github.com/synthetichealth/synthea,
Apache-2.0) and are not real people.

Written by tools/write-notices.ts from the packages in package-lock.json.
`;
writeFileSync(join(root, 'THIRD-PARTY-NOTICES'), [head, ...sections].join('\n'));
console.log(`${notices.length} packages, ${byText.size} texts`);
