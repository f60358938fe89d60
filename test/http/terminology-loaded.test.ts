// Code systems that an operator loads: read in their publishers' formats, kept in the database, asked over HTTP by a server that runs.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FhirError } from '../../src/fhir/model/errors.ts';
import type { ConceptStore, LoadedSystem } from '../../src/fhir/storage/concepts.ts';
import { createConceptStore } from '../../src/fhir/storage/mongo/concepts/index.ts';
import { type LoadWishes, loadRelease } from '../../src/fhir/terminology/releases/index.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';
import { createFhirClient, type FhirClient } from '../support/fhir-client.ts';
import { icdOrder, icdTabular, loincFiles, rxNormFiles, SNOMED_VERSION, snomedFiles } from '../support/releases.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { zipOf } from '../support/zip-of.ts';
import { codesIn } from '../unit/fhir/terminology/terminology.ts';

const SNOMED = 'http://snomed.info/sct';
const LOINC = 'http://loinc.org';
const RXNORM = 'http://www.nlm.nih.gov/research/umls/rxnorm';
const ICD = 'http://hl7.org/fhir/sid/icd-10-cm';

describe('loaded code systems', () => {
  let server: TestServer;
  let client: FhirClient;
  let database: FreshDatabase;
  let store: ConceptStore;
  const folder = mkdtempSync(join(tmpdir(), 'wardgate-releases-'));
  before(async () => {
    database = await freshDatabase('loaded');
    server = await startTestServer('loaded', { database, settings: { terminologyMaxExpansion: 100 } });
    client = createFhirClient(server.base);
    store = createConceptStore({ db: database.db, now: Date.now, graceMs: 0 });
    await load(asZip('SnomedCT_Extension.zip', snomedFiles));
    await load(asFolder('Loinc_9.99', loincFiles));
    await load(asZip('RxNorm_full_01062025.zip', rxNormFiles));
    await load(asFolder('icd', { ...icdOrder, ...icdTabular }));
    await server.loaded.look();
  });
  after(async () => {
    await server.close();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  function asFolder(name: string, files: Readonly<Record<string, string>>): string {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name, path)), { recursive: true });
      writeFileSync(join(folder, name, path), text);
    }
    return join(folder, name);
  }
  function asZip(name: string, files: Readonly<Record<string, string>>): string {
    writeFileSync(join(folder, name), zipOf(files));
    return join(folder, name);
  }
  const load = (path: string, wishes: LoadWishes = {}): Promise<LoadedSystem> => loadRelease(path, store, wishes);

  async function expand(url: string, more = ''): Promise<unknown[]> {
    const { body, status, text } = await client.get(
      `/ValueSet/$expand?url=${encodeURIComponent(url)}&excludeNested=true${more}`,
    );
    assert.equal(status, 200, text);
    return codesIn(body);
  }
  async function filtered(system: string, property: string, op: string, value: string): Promise<string> {
    const valueSet = {
      resourceType: 'ValueSet',
      status: 'active',
      compose: { include: [{ system, filter: [{ property, op, value }] }] },
    };
    const { body, status, text } = await client.post('/ValueSet/$expand?excludeNested=true', valueSet);
    assert.equal(status, 200, text);
    return codesIn(body).join(' ');
  }
  async function lookup(
    system: string,
    code: string,
  ): Promise<{
    display: string;
    name: string;
    version: string;
    designations: string[];
    properties: Record<string, unknown[]>;
  }> {
    const { body, status, text } = await client.get(`/CodeSystem/$lookup?system=${system}&code=${code}`);
    assert.equal(status, 200, text);
    type Entry = { name: string; valueString: string; part: Record<string, unknown>[] };
    const all = body.parameter as Entry[];
    const textOf = (name: string): string => all.find((entry) => entry.name === name)!.valueString;
    const properties: Record<string, unknown[]> = {};
    for (const { part } of all.filter((entry) => entry.name === 'property')) {
      const value = part.find((one) => one.name === 'value')!;
      const code = String(part.find((one) => one.name === 'code')!.valueCode);
      const content = Object.entries(value).find(([key]) => key.startsWith('value'))![1];
      properties[code] = [...(properties[code] ?? []), content];
    }
    const designations = all
      .filter((entry) => entry.name === 'designation')
      .map(({ part }) => String(part.find((one) => one.name === 'value')!.valueString));
    return { display: textOf('display'), name: textOf('name'), version: textOf('version'), designations, properties };
  }

  it('are listed with their versions and sizes', async () => {
    const systems = await store.list();
    assert.deepEqual(systems.map(({ url, version, concepts }) => `${url}|${version} ${concepts}`).sort(), [
      `${ICD}|2031 6`,
      `${LOINC}|9.99 10`,
      `${SNOMED}|${SNOMED_VERSION} 8`,
      `${RXNORM}|01062025 3`,
    ]);
  });

  describe('SNOMED CT', () => {
    it('has displays, synonyms, definitions, parents, children and attributes', async () => {
      const { display, name, version, designations, properties } = await lookup(SNOMED, '1002');
      assert.deepEqual([display, name, version], ['Made-up swelling of finger', 'SNOMED CT', SNOMED_VERSION]);
      assert.deepEqual(designations.toSorted(), [
        'Dedo hinchado',
        'Made-up swelling of finger',
        'Made-up swelling of finger (finding)',
        'Thick finger',
      ]);
      assert.deepEqual(
        [properties.definition, properties.parent, properties.child, properties.inactive],
        [['A finger "thicker" than it was.'], ['1001'], ['1003'], [false]],
      );
      assert.deepEqual((await lookup(SNOMED, '1003')).properties['3001'], ['1001']);
      assert.deepEqual((await lookup(SNOMED, '1001')).designations.includes('Old name'), false);
    });

    const rows: readonly [url: string, codes: string][] = [
      ['?fhir_vs', '138875005 1001 1002 1003 1004 2001 3001 1005'],
      ['?fhir_vs=isa/1002', '1002 1003 1004'],
      ['?fhir_vs=refset/2001', '1002 1004'],
      ['?fhir_vs=refset', '2001'],
      ['/11000999101?fhir_vs=isa/1003', '1003 1004'],
      [`/11000999101/version/20250101?fhir_vs=isa/1003`, '1003 1004'],
    ];
    for (const [url, codes] of rows) {
      it(`has the implicit value set ${url}`, async () => {
        assert.equal((await expand(SNOMED + url)).join(' '), codes);
      });
    }

    const filters: readonly [property: string, op: string, value: string, codes: string][] = [
      ['concept', 'descendent-of', '1001', '1002 1003 1004'],
      ['concept', 'is-not-a', '1001', '138875005 2001 3001 1005'],
      ['concept', 'generalizes', '1003', '138875005 1001 1002 1003'],
      ['concept', 'in', '2001', '1002 1004'],
      ['concept', '=', '1003', '1003'],
      ['code', 'regex', '100[23]', '1002 1003'],
      ['3001', '=', '1001', '1003'],
      ['3001', 'exists', 'true', '1003'],
      ['inactive', '=', 'true', '1005'],
      ['parent', '=', '1001', '1002 1004'],
      ['child', '=', '1004', '1001 1003'],
      ['display', 'regex', '.*index.*', '1003 1004'],
      ['moduleId', 'not-in', '900000000000207008', ''],
    ];
    for (const [property, op, value, codes] of filters) {
      it(`filters ${property} ${op} ${value}`, async () => {
        assert.equal(await filtered(SNOMED, property, op, value), codes);
      });
    }

    const texts: readonly [text: string, codes: string][] = [
      ['swel fing', '1002 1003'],
      ['index', '1004 1003'],
      ['SWELLING of INDEX finger', '1003'],
      ['thick', '1002'],
      ['dedo hin', '1002'],
      ['x', ''],
      ['1003', '1003'],
      ['fing', '2001 1002 1004 1003'],
    ];
    for (const [text, codes] of texts) {
      it(`finds '${text}' by the beginnings of words, the shortest first`, async () => {
        assert.equal((await expand(`${SNOMED}?fhir_vs`, `&filter=${encodeURIComponent(text)}`)).join(' '), codes);
        const page = await expand(`${SNOMED}?fhir_vs`, `&filter=${encodeURIComponent(text)}&count=1&offset=1`);
        assert.deepEqual(page, codes.split(' ').slice(1, 2));
      });
    }

    it('decides for validation, subsumption, search and closure', async () => {
      const { terminology } = server.engine;
      const inSet = (code: string) =>
        terminology.validateCode({ system: SNOMED, code }, { valueSet: `${SNOMED}?fhir_vs=isa/1002` });
      assert.deepEqual([(await inSet('1004')).result, (await inSet('1001')).result], [true, false]);
      const members = await terminology.membership(`${SNOMED}?fhir_vs=isa/1002`);
      assert.deepEqual([...members!.codes()], ['1002', '1003', '1004']);
      assert.deepEqual(
        (await terminology.closure(SNOMED, '1003', 'above', 10))!.map(({ code }) => code),
        ['138875005', '1001', '1002', '1003'],
      );
      const { body } = await client.get(`/CodeSystem/$subsumes?system=${SNOMED}&codeA=1001&codeB=1004`);
      assert.equal(body.parameter[0].valueCode, 'subsumes');
      const spanish = await client.get(
        `/ValueSet/$expand?url=${encodeURIComponent(`${SNOMED}?fhir_vs=isa/1002`)}&displayLanguage=es`,
      );
      assert.equal(spanish.body.expansion.contains[0].display, 'Dedo hinchado');
    });

    it('nests what is not asked for flat', async () => {
      const { body } = await client.get(`/ValueSet/$expand?url=${encodeURIComponent(`${SNOMED}?fhir_vs=isa/1001`)}`);
      assert.deepEqual(codesIn(body), ['1001', ['1002', ['1003'], '1004']]);
    });
  });

  describe('LOINC', () => {
    it('has terms with their parts', async () => {
      const { display, properties } = await lookup(LOINC, '99991-1');
      assert.equal(display, 'Imaginase [Enzymatic activity/volume] in Serum');
      assert.deepEqual(properties.COMPONENT, [{ system: LOINC, code: 'LP99901-1', display: 'Imaginase' }]);
      assert.deepEqual(
        [properties.SCALE_TYP, properties.copyright, properties.definition, properties.parent],
        [['Qn'], ['LOINC'], ['An enzyme, "invented".'], ['LP99901-1']],
      );
    });

    const rows: readonly [property: string, value: string, codes: string][] = [
      ['SCALE_TYP', 'DOC', '99992-9'],
      ['COMPONENT', 'LP99901-1', '99991-1'],
      ['COMPONENT', 'Imaginase', '99991-1'],
      ['STATUS', 'DEPRECATED', '99993-7'],
      ['copyright', '3rdParty', '99992-9'],
      ['LIST', 'LL9991-1', 'LA99901-1 LA99902-9'],
      ['answer-list', 'LL9991-1', '99993-7'],
      ['ancestor', 'LP99900-3', '99991-1 LP99901-1'],
      ['parent', 'LP99901-1', '99991-1'],
    ];
    for (const [property, value, codes] of rows) {
      it(`filters ${property} = ${value}`, async () => {
        assert.equal(await filtered(LOINC, property, '=', value), codes);
      });
    }

    it('has value sets of all terms, of answer lists, of groups and of what is below a part', async () => {
      assert.equal((await expand('http://loinc.org/vs')).length, 10);
      assert.deepEqual(await expand('http://loinc.org/vs/LL9991-1'), ['LA99901-1', 'LA99902-9']);
      assert.deepEqual(await expand('http://loinc.org/vs/LG99-9'), ['99991-1']);
      assert.deepEqual(await expand('http://loinc.org/vs/LP99900-3'), ['99991-1', 'LP99901-1']);
    });

    it('makes published value sets of LOINC expand', async () => {
      const { terminology } = server.engine;
      const verdict = await terminology.validateCode(
        { system: LOINC, code: '99992-9' },
        { valueSet: 'http://hl7.org/fhir/ValueSet/doc-typecodes' },
      );
      assert.equal(verdict.result, true, JSON.stringify(verdict));
    });
  });

  it('RxNorm has names by their types, relations, attributes and what is suppressed', async () => {
    const { display, designations, properties, version } = await lookup(RXNORM, '902');
    assert.deepEqual(
      [display, designations, version],
      ['imaginol 10 MG Oral Tablet', ['imaginol 10 mg tablet', 'imaginol 10 mg tab'], '01062025'],
    );
    assert.deepEqual(
      [properties.TTY, properties.has_ingredient, properties.RXN_STRENGTH, properties.child],
      [['SCD', 'PSN', 'SY'], ['CUI:901'], ['10 MG'], ['903']],
    );
    assert.equal(await filtered(RXNORM, 'TTY', 'in', 'SCD,SBD'), '902 903');
    assert.equal(await filtered(RXNORM, 'has_ingredient', '=', 'CUI:901'), '902');
    assert.equal(await filtered(RXNORM, 'STY', '=', 'T121'), '901');
    assert.equal(await filtered(RXNORM, 'NDC', '=', '00000000011'), '902');
    assert.deepEqual((await lookup(RXNORM, '903')).properties.inactive, [true]);
    assert.equal((await client.get(`/CodeSystem/$lookup?system=${RXNORM}&code=904`)).status, 404);
  });

  describe('ICD-10-CM', () => {
    it('has chapters, blocks, headings, codes with seven characters, and further terms', async () => {
      assert.equal(await expand(`http://example.org/none`).catch(() => 'nothing'), 'nothing');
      assert.equal(await filtered(ICD, 'concept', 'is-a', 'Chapter 1'), 'Chapter 1 A00-A09 A00 A00.0 A00.1 A00.1XXA');
      assert.equal(await filtered(ICD, 'concept', 'is-a', 'A00.1'), 'A00.1 A00.1XXA');
      assert.equal(await filtered(ICD, 'billable', '=', 'true'), 'A00.0 A00.1XXA');
      const { display, designations } = await lookup(ICD, 'A00.0');
      assert.deepEqual([display, designations], ['Imaginary fever, red', ['Imag fever, red', 'Scarlet daydream']]);
      assert.equal((await lookup(ICD, 'A00-A09')).display, 'Imaginary fevers & chills (A00-A09)');
      const { terminology } = server.engine;
      assert.match((await terminology.validateCode({ system: ICD, code: 'A00-A09' }, {})).message ?? '', /abstract/);
    });

    it('is read from either file alone', async () => {
      const order = await load(join(asFolder('order', icdOrder), 'icd10cm_order_2031.txt'), { version: 'order' });
      const tabular = await load(asZip('tabular.zip', icdTabular), { version: 'tabular' });
      assert.deepEqual([order.concepts, tabular.concepts], [4, 5]);
      await store.unload(ICD, 'order');
      await store.unload(ICD, 'tabular');
    });
  });

  it('stand side by side in several versions, and go when they are unloaded', async () => {
    const older = {
      'Loinc.csv': '"LOINC_NUM","STATUS","LONG_COMMON_NAME","VersionLastChanged"\n"1-1","ACTIVE","Older","9.8"\n',
    };
    await load(asFolder('older', older));
    await server.loaded.look();
    const { terminology } = server.engine;
    assert.deepEqual(
      [(await terminology.codeSystem(LOINC))?.version, (await terminology.codeSystem(LOINC, '9.8'))?.version],
      ['9.99', '9.8'],
    );
    assert.equal((await client.get(`/CodeSystem/$lookup?system=${LOINC}&version=9.8&code=1-1`)).status, 200);
    assert.deepEqual(
      (await store.unload(LOINC, '9.8')).map(({ version }) => version),
      ['9.8'],
    );
    assert.deepEqual(await store.unload(LOINC, '9.8'), []);
    await server.loaded.look();
    assert.equal((await client.get(`/CodeSystem/$lookup?system=${LOINC}&version=9.8&code=1-1`)).status, 404);
  });

  it('decide what validation says of their codes while they are here, and no longer', async () => {
    const head = { url: 'http://hospital.example/wards', title: 'Wards', version: '1', properties: [] };
    const condition = {
      resourceType: 'Condition',
      subject: { reference: 'Patient/p' },
      code: { coding: [{ system: head.url, code: 'north' }] },
    };
    const told = async (): Promise<string[]> => {
      await server.loaded.look();
      const { body } = await client.post('/Condition/$validate', condition);
      return body.issue
        .filter(({ expression = [] }: { expression?: string[] }) => expression[0]?.startsWith('Condition.code'))
        .map(({ severity, code }: { severity: string; code: string }) => `${severity} ${code}`);
    };
    assert.deepEqual(await told(), ['warning not-supported']);
    await store.load(head, [{ code: 'south', isActive: true }]);
    assert.deepEqual(await told(), ['error code-invalid']);
    await store.load(head, [{ code: 'north', isActive: true }]);
    assert.deepEqual(await told(), []);
    await store.unload(head.url);
    assert.deepEqual(await told(), ['warning not-supported']);
  });

  it('are replaced by the same release, at once and without leftovers, and a running server notices within two seconds', async () => {
    const collections = async () =>
      (await database.db.listCollections().toArray()).filter(({ name }) => name.startsWith('concepts_')).length;
    const before = await collections();
    const corrected = {
      'Loinc.csv':
        '"LOINC_NUM","STATUS","LONG_COMMON_NAME","VersionLastChanged"\n"99991-1","ACTIVE","Corrected","9.99"\n',
    };
    const revision = server.engine.terminology.revision;
    await load(asFolder('corrected', corrected));
    const deadline = Date.now() + 2000;
    while (server.engine.terminology.revision === revision && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal((await lookup(LOINC, '99991-1')).display, 'Corrected');
    assert.equal(await collections(), before);
    await load(join(folder, 'Loinc_9.99'));
    await server.loaded.look();
    assert.match((await lookup(LOINC, '99991-1')).display, /Enzymatic/);
  });

  it('stay as they are where a load breaks off, and the next load clears up', async () => {
    async function* breaking() {
      for (let index = 0; index < 5000; index++) yield { code: `c${index}`, isActive: true };
      throw new Error('the power is gone');
    }
    const [head] = (await store.list()).filter(({ url }) => url === LOINC);
    await assert.rejects(store.load(head!, breaking()), /power is gone/);
    await server.loaded.look();
    assert.match((await lookup(LOINC, '99991-1')).display, /Enzymatic/);
    await load(join(folder, 'Loinc_9.99'));
    const names = (await database.db.listCollections().toArray()).filter(({ name }) => name.startsWith('concepts_'));
    assert.equal(names.length, (await store.list()).length);
    await server.loaded.look();
  });

  it('are loaded by one command at a time', async () => {
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    async function* slow() {
      yield { code: 'a', isActive: true };
      await held;
    }
    const head = { url: 'http://example.org/slow', version: '1', title: 'Slow', properties: [] };
    const first = store.load(head, slow());
    await new Promise((resolve) => setTimeout(resolve, 200));
    await assert.rejects(store.load(head, []), { kind: 'conflict' });
    go();
    assert.equal((await first).concepts, 1);
    await store.unload(head.url);
  });

  const refused: readonly [title: string, prepare: () => string, wishes: LoadWishes, says: RegExp][] = [
    ['a path that is not there', () => join(folder, 'nowhere'), {}, /There is no file/],
    [
      'a folder of other files',
      () => asFolder('other', { 'readme.txt': 'hello' }),
      {},
      /is no release that is known here.*LOINC needs Loinc\.csv/,
    ],
    [
      'a zip that is none',
      () => asFolder('broken', { 'a.zip': 'no zip' }).concat('/a.zip'),
      {},
      /is no zip that can be read/,
    ],
    ['a system that cannot be loaded', () => join(folder, 'Loinc_9.99'), { system: 'icd-11' }, /'icd-11' is none of/],
    ['another system than it holds', () => join(folder, 'Loinc_9.99'), { system: 'snomed' }, /SNOMED CT needs/],
    [
      'two systems in one folder',
      () => asFolder('both', { ...loincFiles, ...icdOrder }),
      {},
      /LOINC and ICD-10-CM: name one with --system/,
    ],
    [
      'a table without a column',
      () => asFolder('column', { 'Loinc.csv': '"LOINC_NUM","STATUS"\n"1-1","ACTIVE"\n' }),
      {},
      /has no column 'LONG_COMMON_NAME'/,
    ],
    ['an empty table', () => asFolder('empty', { 'Loinc.csv': '' }), {}, /There are no concepts in it/],
    [
      'an order file of another form',
      () => asFolder('form', { 'icd10cm_order_2030.txt': 'A00 fever\n' }),
      {},
      /has a line of another form/,
    ],
    [
      'a tabular list that is no XML',
      () => asFolder('xml', { 'icd10cm_tabular_2030.xml': '<a><b></a>' }),
      {},
      /icd10cm_tabular_2030\.xml/,
    ],
  ];
  for (const [title, prepare, wishes, says] of refused) {
    it(`refuse ${title}`, async () => {
      await assert.rejects(load(prepare(), wishes), (error: FhirError) => {
        assert.ok(error instanceof FhirError, String(error));
        assert.match(error.message, says);
        return true;
      });
    });
  }
});
