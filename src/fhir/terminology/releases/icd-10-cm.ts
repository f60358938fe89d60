// ICD-10-CM from the order file (all codes) and the tabular list (chapters, blocks and further terms); either is enough.
// https://www.cms.gov/medicare/coding-billing/icd-10-codes and https://hl7.org/fhir/R4/icd.html
import { type SaxesAttributePlain, SaxesParser } from 'saxes';
import { FhirError } from '../../model/errors.ts';
import type { ReadConcept } from '../../storage/concepts.ts';
import type { ReleaseFile } from './files.ts';
import { ancestorsOf } from './hierarchy.ts';
import type { ReleaseFormat } from './release.ts';
import { linesOf } from './rows.ts';

const URL = 'http://hl7.org/fhir/sid/icd-10-cm';

const ORDER = /^icd10cm[_-]?order[_-]?\d{4}.*\.txt$/i;
const TABULAR = /^icd10cm[_-]?tabular[_-]?\d{4}.*\.xml$/i;

interface Entry {
  code: string;
  display: string;
  shortName?: string;
  isBillable?: boolean;
  /** a chapter or a block: never a diagnosis */
  isGroup?: boolean;
  terms: string[];
  parent?: string;
}

export const icd10Cm: ReleaseFormat = {
  code: 'icd-10-cm',
  url: URL,
  title: 'ICD-10-CM',
  needs: 'icd10cm_order_[year].txt, icd10cm_tabular_[year].xml, or both',
  isIt: (files) => files.findAll(ORDER).length + files.findAll(TABULAR).length > 0,
  async read(files, { version }, say) {
    const entries = new Map<string, Entry>();
    const [tabular, order] = [files.find(TABULAR), files.find(ORDER)];
    say('tabular list');
    if (tabular !== undefined) await readTabular(tabular, entries);
    say('codes');
    if (order !== undefined) await readOrder(order, entries);
    for (const entry of entries.values()) {
      const parent = entry.parent ?? parentOf(entry.code, entries);
      if (parent !== undefined) entry.parent = parent;
    }
    const parents = new Map(
      [...entries.values()].flatMap(({ code, parent }) => (parent === undefined ? [] : [[code, [parent]] as const])),
    );
    return {
      head: {
        url: URL,
        version: version ?? yearOf((order ?? tabular)!.name),
        title: 'ICD-10-CM',
        properties: [{ code: 'billable', type: 'boolean', description: 'Valid for submission, not only a heading' }],
      },
      total: entries.size,
      concepts: inOrder(entries, order !== undefined).map((entry): ReadConcept => {
        const { code, display, shortName, isBillable, isGroup, terms, parent } = entry;
        const designations = [
          ...(shortName !== undefined && shortName !== display ? [{ language: 'en', value: shortName }] : []),
          ...terms.map((value) => ({ language: 'en', value })),
        ];
        return {
          code,
          display,
          isActive: true,
          ...(isGroup === true && { isAbstract: true }),
          ...(designations.length > 0 && { designations }),
          ...(isBillable !== undefined && { properties: [{ code: 'billable', type: 'boolean', value: isBillable }] }),
          ...(parent !== undefined && { parents: [parent], ancestors: ancestorsOf(code, parents) }),
        };
      }),
    };
  },
};

const yearOf = (name: string): string => /\d{4}/.exec(name)![0];

const dotted = (code: string): string => (code.length > 3 ? `${code.slice(0, 3)}.${code.slice(3)}` : code);

/** Columns by place: number, code, whether it is a diagnosis, 60 letters of it, all of it. */
async function readOrder(file: ReleaseFile, entries: Map<string, Entry>): Promise<void> {
  for await (const line of linesOf(file)) {
    if (line.trim() === '') continue;
    const [, code, flag, shortName = '', longName = ''] = /^\d{5} (\S{3,7})\s+([01]) (.{60}) (.*)$/.exec(line) ?? [];
    if (code === undefined)
      throw new FhirError('invalid', `${file.path} has a line of another form: '${line.slice(0, 40)}'`);
    const known = entries.get(dotted(code));
    entries.set(dotted(code), {
      terms: [],
      ...known,
      code: dotted(code),
      display: longName.trim(),
      shortName: shortName.trim(),
      isBillable: flag === '1',
    });
  }
}

/** The longest code that this one begins with; `S72.001A` is below `S72.001`. */
function parentOf(code: string, entries: ReadonlyMap<string, Entry>): string | undefined {
  for (let length = code.length - 1; length >= 3; length--) {
    const shorter = code.slice(0, length).replace(/\.$/, '');
    if (shorter !== code && entries.has(shorter)) return shorter;
  }
  return undefined;
}

/** Groups where their first code is: chapters and blocks, then codes as they are written. */
function inOrder(entries: ReadonlyMap<string, Entry>, isOrdered: boolean): Entry[] {
  if (!isOrdered) return [...entries.values()];
  const children = new Map<string | undefined, Entry[]>();
  for (const entry of entries.values()) {
    const list = children.get(entry.parent) ?? [];
    children.set(entry.parent, list);
    list.push(entry);
  }
  const placed: Entry[] = [];
  const place = (parent: string | undefined): void => {
    const own = children.get(parent) ?? [];
    if (parent !== undefined && !entries.get(parent)!.isGroup) own.sort((a, b) => (a.code < b.code ? -1 : 1));
    for (const entry of own) {
      placed.push(entry);
      place(entry.code);
    }
  };
  place(undefined);
  return placed;
}

/** `<chapter><name>1</name><desc>…</desc><section id="A00-A09"><desc/><diag><name>A00</name><desc/><inclusionTerm><note/>…` */
async function readTabular(file: ReleaseFile, entries: Map<string, Entry>): Promise<void> {
  const parser = new SaxesParser();
  /** chapters, sections and diagnoses that are open */
  const open: Entry[] = [];
  const path: string[] = [];
  let text = '';
  let failure: Error | undefined;
  parser.on('error', (error) => {
    failure ??= error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    path.push(name);
    text = '';
    if (!HOLDERS.has(name)) return;
    const parent = open.at(-1)?.code;
    const id = (attributes as Record<string, string | SaxesAttributePlain>).id;
    open.push({
      code: name === 'section' ? String(id) : '',
      display: '',
      terms: [],
      ...(name !== 'diag' && { isGroup: true }),
      ...(parent !== undefined && parent !== '' && { parent }),
    });
  });
  parser.on('text', (piece) => {
    text += piece;
  });
  parser.on('closetag', ({ name }) => {
    path.pop();
    const entry = open.at(-1);
    const above = path.at(-1);
    const said = text.replace(/\s+/g, ' ').trim();
    text = '';
    if (entry === undefined) return;
    if (above === name || HOLDERS.has(above ?? '')) {
      if (name === 'name') {
        entry.code = entry.isGroup ? `Chapter ${said}` : said;
        entries.set(entry.code, entry);
      } else if (name === 'desc') {
        // `Intestinal infectious diseases (A00-A09)`
        entry.display = said;
        if (entry.code !== '') entries.set(entry.code, entry);
      }
    }
    if (name === 'note' && above === 'inclusionTerm') entry.terms.push(said);
    if (HOLDERS.has(name)) open.pop();
  });
  const decoder = new TextDecoder();
  for await (const chunk of await file.read()) {
    parser.write(decoder.decode(chunk as Buffer, { stream: true }));
    if (failure !== undefined) break;
  }
  if (failure === undefined) parser.close();
  if (failure !== undefined) {
    throw new FhirError('invalid', `${file.path}: ${(failure as Error).message}`, { cause: failure });
  }
}

const HOLDERS: ReadonlySet<string> = new Set(['chapter', 'section', 'diag']);
