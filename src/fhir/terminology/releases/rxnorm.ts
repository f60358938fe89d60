// RxNorm from its RRF files: concepts are RXCUIs. https://hl7.org/fhir/R4/rxnorm.html
// and https://www.nlm.nih.gov/research/umls/rxnorm/docs/techdoc.html
import type { ConceptProperty, Designation } from '../../model/concept.ts';
import { FhirError } from '../../model/errors.ts';
import type { ReadConcept } from '../../storage/concepts.ts';
import type { ReleaseFile, ReleaseFiles } from './files.ts';
import { addTo, ancestorsOf } from './hierarchy.ts';
import type { ReleaseFormat } from './release.ts';
import { barRows } from './rows.ts';

const URL = 'http://www.nlm.nih.gov/research/umls/rxnorm';
const TERM_TYPES = 'http://www.nlm.nih.gov/research/umls/rxnorm/tty';
const SOURCE = 'RXNORM';

/** columns by their place */
const CONSO = { rxcui: 0, language: 1, source: 11, termType: 12, text: 14, suppress: 16 };
const REL = { to: 0, relation: 3, from: 4, attribute: 7, source: 10, suppress: 14 };
const SAT = { rxcui: 0, name: 8, source: 9, value: 10, suppress: 11 };
const STY = { rxcui: 0, code: 1, text: 3 };
const SAB = { source: 3, version: 6, isCurrent: 21 };

/** Which name of a concept is its display: the first of these types that it has. */
const DISPLAYED =
  'SCD SBD GPCK BPCK SCDC SBDC SCDF SBDF SCDG SBDG SCDFP SBDFP SCDGP IN PIN MIN BN DF DFG ET PSN SY TMSY'.split(' ');

export const rxNorm: ReleaseFormat = {
  code: 'rxnorm',
  url: URL,
  title: 'RxNorm',
  needs: 'RXNCONSO.RRF; RXNREL.RRF, RXNSAT.RRF, RXNSTY.RRF and RXNSAB.RRF are read where they are',
  isIt: (files) => files.findAll(/^RXNCONSO\.RRF$/i).length > 0,
  async read(files, { version }, say) {
    // the full release holds the prescribable subset in a folder of its own
    const find = (name: string): ReleaseFile | undefined =>
      files
        .findAll(new RegExp(`^${name}\\.RRF$`, 'i'))
        .toSorted((a, b) => Number(/prescribe/i.test(a.path)) - Number(/prescribe/i.test(b.path)))[0];
    say('names');
    const atoms = await readAtoms(find('RXNCONSO')!);
    say('relationships');
    const { parents, relations, names } = await readRelations(find('RXNREL'));
    say('attributes');
    const attributes = await readAttributes(find('RXNSAT'));
    for (const list of attributes.values()) for (const { code } of list) names.add(code);
    for (const [code, types] of await readTypes(find('RXNSTY')))
      for (const type of types) addTo(attributes, code, type);
    return {
      head: {
        url: URL,
        version: version ?? (await versionOf(find('RXNSAB'), files)),
        title: 'RxNorm',
        properties: [
          { code: 'TTY', type: 'code' },
          { code: 'STY', type: 'code' },
          { code: 'SAB', type: 'code' },
          ...[...names]
            .filter((code) => !OWN.has(code))
            .sort()
            .map((code) => ({ code, type: 'string' })),
        ],
      },
      total: atoms.size,
      concepts: assemble(),
    };

    function* assemble(): Iterable<ReadConcept> {
      for (const [code, names] of atoms) {
        const ranked = names.toSorted((a, b) => rankOf(a.termType) - rankOf(b.termType));
        const [best, ...others] = ranked;
        const isActive = names.some(({ isSuppressed }) => !isSuppressed);
        const above = parents.get(code);
        const properties: ConceptProperty[] = [
          ...[...new Set(ranked.map(({ termType }) => termType))].map(
            (value) => ({ code: 'TTY', type: 'code', value }) as const,
          ),
          { code: 'SAB', type: 'code', value: SOURCE },
          ...(relations.get(code) ?? []),
          ...(attributes.get(code) ?? []),
        ];
        yield {
          code,
          display: best!.text,
          isActive,
          ...(others.length > 0 && { designations: others.map(designationOf) }),
          properties,
          ...(above !== undefined && { parents: above, ancestors: ancestorsOf(code, parents) }),
        };
      }
    }
  },
};

const OWN: ReadonlySet<string> = new Set(['TTY', 'STY', 'SAB']);

interface Atom {
  text: string;
  termType: string;
  isSuppressed: boolean;
}

const rankOf = (termType: string): number => {
  const rank = DISPLAYED.indexOf(termType);
  return rank === -1 ? DISPLAYED.length : rank;
};

const designationOf = ({ text, termType }: Atom): Designation => ({
  language: 'en',
  use: { system: TERM_TYPES, code: termType },
  value: text,
});

const isSuppressed = (flag: string | undefined): boolean => flag !== undefined && flag !== '' && flag !== 'N';

async function readAtoms(file: ReleaseFile): Promise<Map<string, Atom[]>> {
  const atoms = new Map<string, Atom[]>();
  for await (const row of barRows(file)) {
    if (row.length < 17)
      throw new FhirError('invalid', `${file.path} has rows of ${row.length} columns; 18 are expected`);
    if (row[CONSO.source] !== SOURCE) continue;
    addTo(atoms, row[CONSO.rxcui]!, {
      text: row[CONSO.text]!,
      termType: row[CONSO.termType]!,
      isSuppressed: isSuppressed(row[CONSO.suppress]),
    });
  }
  return atoms;
}

/** `a|…|RO|b|…|has_ingredient`: b has the ingredient a. `isa` makes the hierarchy; RXCUI2 is what the relation says of RXCUI1. */
async function readRelations(file: ReleaseFile | undefined) {
  const parents = new Map<string, string[]>();
  const relations = new Map<string, ConceptProperty[]>();
  const names = new Set<string>();
  if (file === undefined) return { parents, relations, names };
  for await (const row of barRows(file)) {
    const [to = '', from = ''] = [row[REL.to], row[REL.from]];
    if (row[REL.source] !== SOURCE || to === '' || from === '' || isSuppressed(row[REL.suppress])) continue;
    const name = row[REL.attribute] || row[REL.relation]!;
    if (name === 'isa') {
      addTo(parents, from, to);
      continue;
    }
    if (name === 'inverse_isa') continue;
    names.add(name);
    addTo(relations, from, { code: name, type: 'string', value: `CUI:${to}` });
  }
  return { parents, relations, names };
}

async function readAttributes(file: ReleaseFile | undefined): Promise<Map<string, ConceptProperty[]>> {
  const attributes = new Map<string, ConceptProperty[]>();
  if (file === undefined) return attributes;
  for await (const row of barRows(file)) {
    if (row[SAT.source] !== SOURCE || isSuppressed(row[SAT.suppress])) continue;
    addTo(attributes, row[SAT.rxcui]!, { code: row[SAT.name]!, type: 'string', value: row[SAT.value]! });
  }
  return attributes;
}

async function readTypes(file: ReleaseFile | undefined): Promise<Map<string, ConceptProperty[]>> {
  const types = new Map<string, ConceptProperty[]>();
  if (file === undefined) return types;
  for await (const row of barRows(file)) {
    addTo(types, row[STY.rxcui]!, { code: 'STY', type: 'code', value: row[STY.code]! });
  }
  return types;
}

/** R4 names releases as their files do: MMDDYYYY. https://hl7.org/fhir/R4/rxnorm.html#version */
async function versionOf(file: ReleaseFile | undefined, { name }: ReleaseFiles): Promise<string> {
  const fromName = /(\d{8})/.exec(name)?.[1];
  if (fromName !== undefined) return fromName;
  if (file !== undefined) {
    for await (const row of barRows(file)) {
      if (row[SAB.source] === SOURCE && row[SAB.isCurrent] !== 'N' && row[SAB.version]) return row[SAB.version]!;
    }
  }
  throw new FhirError('invalid', 'The release does not say its version: name it with --release');
}
