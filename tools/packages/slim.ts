// Makes a package of test/fixtures/packages from a published one: `npx tsx tools/packages/slim.ts FROM.tgz TO.tgz`. Keeps package.json and the
// resources that have a canonical URL; leaves out examples, narrative, mappings and
// the long texts of elements.
import { createReadStream, writeFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip, gzipSync } from 'node:zlib';
import tar from 'tar-stream';

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) throw new Error('npx tsx tools/packages/slim.ts FROM.tgz TO.tgz');

const files = new Map<string, Record<string, unknown>>();
const extract = tar.extract();
const reading = pipeline(createReadStream(from), createGunzip(), extract);
for await (const entry of extract) {
  const chunks: Buffer[] = [];
  for await (const chunk of entry) chunks.push(chunk as Buffer);
  if (!/^package\/[^/]+\.json$/.test(entry.header.name)) continue;
  const content = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
  const isKept = entry.header.name === 'package/package.json' || (content.resourceType && content.url);
  if (isKept) files.set(entry.header.name, slim(content));
}
await reading;

const pack = tar.pack();
const packed: Buffer[] = [];
pack.on('data', (chunk: Buffer) => packed.push(chunk));
for (const [name, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
  pack.entry({ name, mtime: new Date(0) }, JSON.stringify(content));
pack.finalize();
await new Promise((resolve) => pack.on('end', resolve));
writeFileSync(to, gzipSync(Buffer.concat(packed), { level: 9 }));
console.log(`${files.size} files`);

type Element = Readonly<Record<string, unknown>>;

function slim(content: Record<string, unknown>): Record<string, unknown> {
  const { text: _narrative, mapping: _mappings, ...kept } = content;
  for (const part of ['snapshot', 'differential']) {
    const { element } = (kept[part] ?? {}) as { element?: Element[] };
    if (element) kept[part] = { element: element.map(slimElement) };
  }
  return kept;
}

/** what only people read */
function slimElement(element: Element): Element {
  const { mapping: _m, definition: _d, comment: _c, requirements: _r, alias: _a, example: _e, ...kept } = element;
  return kept;
}
