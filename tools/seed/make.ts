// Makes the files of seed/ again: npx tsx tools/seed/make.ts <folder of Synthea transaction bundles>
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Bundle, cutPatients } from './cut.ts';
import { doctorBundle, stayBundle, stockBundle, todayBundle, wardBundle, workBundle } from './hospital.ts';

const [, , folder] = process.argv;
if (folder === undefined) throw new Error('usage: make.ts <folder of Synthea transaction bundles>');
const home = fileURLToPath(new URL('../../seed/', import.meta.url));
const patientsHome = join(home, '30-patients');
rmSync(patientsHome, { recursive: true, force: true });
mkdirSync(patientsHome, { recursive: true });

function write(name: string, bundle: Bundle): void {
  const isCompressed = name.endsWith('.gz');
  const text = `${JSON.stringify(bundle, null, isCompressed ? 0 : 1)}\n`;
  const bytes = isCompressed ? gzipSync(text, { level: 9 }) : Buffer.from(text);
  // Byte 9 names the system that compressed: the same files on every machine.
  if (isCompressed) bytes[9] = 255;
  writeFileSync(join(home, name), bytes);
}

const { hospitals, practitioners, patients } = cutPatients(folder, 16, { least: 400_000, most: 2_400_000 });
const people = patients.map(({ entry }) => {
  const { resource } = entry.find((one) => one.resource.resourceType === 'Patient')!;
  const [name] = resource.name as { family: string; given: string[] }[];
  return { id: resource.id, name: `${name!.given.join(' ')} ${name!.family}` };
});

write('10-hospitals.json.gz', hospitals);
write('11-practitioners.json.gz', practitioners);
write('20-wards.json', wardBundle());
write('21-doctors.json', doctorBundle());
for (const [index, bundle] of patients.entries()) {
  write(`30-patients/${String(index + 1).padStart(2, '0')}-${people[index]!.id}.json.gz`, bundle);
}
write('40-stays.json', stayBundle(people));
write('50-stock.json', stockBundle());
write('55-today.json', todayBundle(people));
write('60-work.json', workBundle());
const resources = patients.reduce((sum, { entry }) => sum + entry.length, 0);
console.log(`${patients.length} patients with ${resources} resources`);
