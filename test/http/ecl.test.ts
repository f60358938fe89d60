// ECL as users reach it: implicit value sets, filters of their own value sets, validation and search.
// https://hl7.org/fhir/R4/snomedct.html#implicit
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { createConceptStore } from '../../src/fhir/storage/mongo/concepts/index.ts';
import { loadRelease } from '../../src/fhir/terminology/releases/index.ts';
import { ECL_VERSION, eclFiles } from '../support/ecl-release.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';
import { createFhirClient, type FhirClient, type Reply } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { zipOf } from '../support/zip-of.ts';
import { codesIn, valueSet } from '../unit/fhir/terminology/terminology.ts';

const SNOMED = 'http://snomed.info/sct';
const implicit = (expression: string, edition = ''): string =>
  encodeURIComponent(`${SNOMED}${edition}?fhir_vs=ecl/${expression}`);
const constrained = (value: string, property = 'constraint'): Record<string, unknown> => ({
  include: [{ system: SNOMED, filter: [{ property, op: '=', value }] }],
});

describe('ECL over HTTP', () => {
  let server: TestServer;
  let client: FhirClient;
  let database: FreshDatabase;
  const folder = mkdtempSync(join(tmpdir(), 'wardgate-ecl-'));
  before(async () => {
    database = await freshDatabase('ecl_http');
    server = await startTestServer('ecl_http', { database, settings: { terminologyMaxExpansion: 20 } });
    client = createFhirClient(server.base);
    writeFileSync(join(folder, 'snomed.zip'), zipOf(eclFiles));
    const store = createConceptStore({ db: database.db, now: Date.now, graceMs: 0 });
    await loadRelease(join(folder, 'snomed.zip'), store, {});
    await server.loaded.look();
  });
  after(async () => {
    await server.close();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  const flat = ({ status, body, text }: Reply): string => {
    assert.equal(status, 200, text);
    return codesIn(body).flat(9).join(' ');
  };
  const expand = async (url: string, more = ''): Promise<string> =>
    flat(await client.get(`/ValueSet/$expand?url=${url}${more}`));

  describe('an implicit value set', () => {
    it('has what the expression says, terms and all', async () => {
      assert.equal(
        await expand(
          implicit('<< 400110 |Finding of arm| : 100101 |Site| = 200115, { 100102 = 300110 }'),
          '&excludeNested=true',
        ),
        '400114',
      );
    });
    it('is one of an edition and a version', async () => {
      const edition = ECL_VERSION.slice(SNOMED.length, ECL_VERSION.indexOf('/version'));
      assert.equal(await expand(implicit('<! 400110', edition)), '400111 400112');
      assert.equal(await expand(implicit('<! 400110', ECL_VERSION.slice(SNOMED.length))), '400111 400112');
      const { status, body } = await client.get(`/ValueSet/$expand?url=${implicit('*', '/999000')}`);
      assert.deepEqual([status, body.issue[0].code], [422, 'not-found']);
    });
    it('nests, filters and has pages with a total', async () => {
      const { body } = await client.get(`/ValueSet/$expand?url=${implicit('<< 400110')}`);
      assert.deepEqual(codesIn(body), ['400110', ['400111', '400112', ['400113', '400114', '400115']]]);
      assert.equal(await expand(implicit('<< 400110 OR << 400120'), '&filter=brok+rad'), '400115 400113 400114');
      const page = await client.get(`/ValueSet/$expand?url=${implicit('< 400100 MINUS << 400110')}&offset=2&count=2`);
      assert.deepEqual([codesIn(page.body), page.body.expansion.total], [['400122', '400130'], 6]);
    });
    it('is sent in Parameters as it is, or percent-encoded', async () => {
      const url = `${SNOMED}?fhir_vs=ecl/<! 400110 |50% of arms|`;
      for (const valueUri of [url, url.replace(/[ %|<]/g, encodeURIComponent)]) {
        const parameters = { resourceType: 'Parameters', parameter: [{ name: 'url', valueUri }] };
        assert.equal(flat(await client.post('/ValueSet/$expand', parameters)), '400111 400112');
      }
    });
    it('is too costly as a whole where it is large', async () => {
      const { status, body } = await client.get(`/ValueSet/$expand?url=${implicit('*')}`);
      assert.deepEqual([status, body.issue[0].code], [403, 'too-costly']);
    });
    it('is named in a value set, percent-encoded', async () => {
      const url = `${SNOMED}?fhir_vs=ecl/${encodeURIComponent('< 400112 |Broken arm| : 100111 = "#" OR 100102 = *')}`;
      const both = { include: [{ valueSet: [url, `${SNOMED}?fhir_vs=isa/400115`] }] };
      assert.equal(flat(await client.post('/ValueSet/$expand', valueSet('both', both))), '400115');
    });
  });

  it('is a filter of a value set, by the names that R4 has for it, beside everything else', async () => {
    const post = async (compose: Record<string, unknown>): Promise<string> =>
      flat(await client.post('/ValueSet/$expand?excludeNested=true', valueSet('own', compose)));
    assert.equal(await post(constrained('<! 400110')), '400111 400112');
    assert.equal(await post(constrained('<! 400110', 'expression')), '400111 400112');
    const include = [
      {
        system: SNOMED,
        filter: [
          { property: 'constraint', op: '=', value: '<< 400110' },
          { property: '100101', op: '=', value: '200114' },
          { property: 'expressions', op: '=', value: 'false' },
        ],
      },
      { system: 'http://hl7.org/fhir/administrative-gender', concept: [{ code: 'male' }] },
    ];
    const exclude = constrained('<< 400115').include;
    assert.equal(await post({ include, exclude }), '400113 400114 male');
  });

  it('has relationships that $lookup tells, numbers and texts among them', async () => {
    const { body } = await client.get(`/CodeSystem/$lookup?system=${SNOMED}&code=500112`);
    const told = body.parameter.flatMap(({ name, part }: { name: string; part: Record<string, unknown>[] }) => {
      const [code, value] = name === 'property' ? part : [];
      return /^1001/.test(String(code?.valueCode)) ? [`${code!.valueCode} ${JSON.stringify(value)}`] : [];
    });
    assert.deepEqual(told, [
      '100106 {"name":"value","valueCode":"600111"}',
      '100106 {"name":"value","valueCode":"600120"}',
      '100110 {"name":"value","valueDecimal":500}',
      '100110 {"name":"value","valueDecimal":0.5}',
      '100111 {"name":"value","valueString":"Alphabet"}',
      '100112 {"name":"value","valueBoolean":false}',
    ]);
  });

  it('goes with supplements', async () => {
    const supplement = {
      resourceType: 'CodeSystem',
      id: 'polish',
      url: 'http://example.org/CodeSystem/polish',
      status: 'active',
      content: 'supplement',
      supplements: SNOMED,
      property: [{ code: 'clinic', type: 'code' }],
      concept: [
        {
          code: '400113',
          designation: [{ language: 'pl', value: 'Złamane przedramię' }],
          property: [{ code: 'clinic', valueCode: 'bones' }],
        },
        { code: '400121', designation: [{ language: 'pl', value: 'Złamane serce' }] },
      ],
    };
    assert.equal((await client.put('/CodeSystem/polish', supplement)).status, 201);
    const { body } = await client.get(
      `/ValueSet/$expand?url=${implicit('<< 400110')}&filter=${encodeURIComponent('Złam')}&displayLanguage=pl&count=5`,
    );
    assert.deepEqual(
      [body.expansion.contains.map(({ display }: { display: string }) => display), body.expansion.total],
      [['Złamane przedramię'], 1],
    );
    const filter = [
      { property: 'constraint', op: '=', value: '<< 400130' },
      { property: 'clinic', op: '=', value: 'bones' },
    ];
    const extension = [
      { url: 'http://hl7.org/fhir/StructureDefinition/valueset-supplement', valueCanonical: supplement.url },
    ];
    const own = valueSet('own', { include: [{ system: SNOMED, filter, extension }] });
    assert.equal(flat(await client.post('/ValueSet/$expand', own)), '400113');
  });

  it('decides whether a code is valid', async () => {
    const validate = async (code: string): Promise<unknown> => {
      const query = `url=${implicit('<< 400130 {{ + HISTORY }}')}&system=${SNOMED}&code=${code}`;
      return (await client.get(`/ValueSet/$validate-code?${query}`)).body.parameter[0].valueBoolean;
    };
    assert.deepEqual(
      [await validate('400114'), await validate('400190'), await validate('400111')],
      [true, true, false],
    );
    const members = await server.engine.terminology.membership(decodeURIComponent(implicit('< 400110')));
    assert.deepEqual([...members!.codes()], ['400111', '400112', '400113', '400114', '400115']);
  });

  it('chooses what a search finds', async () => {
    for (const code of ['400111', '400114', '400121']) {
      const condition = {
        resourceType: 'Condition',
        id: `c${code}`,
        subject: { display: 'x' },
        code: { coding: [{ system: SNOMED, code }] },
      };
      assert.equal((await client.put(`/Condition/c${code}`, condition)).status, 201);
    }
    const stored: Resource = { ...valueSet('broken', constrained('<< 400130')), id: 'broken' };
    assert.equal((await client.put('/ValueSet/broken', stored)).status, 201);
    const found = async (value: string): Promise<string[]> => {
      const { body, status, text } = await client.get(`/Condition?code:in=${value}&_sort=_id`);
      assert.equal(status, 200, text);
      return (body.entry ?? []).map(({ resource }: { resource: Resource }) => resource.id);
    };
    assert.deepEqual(await found(implicit('< 400110 |Finding of arm|')), ['c400111', 'c400114']);
    assert.deepEqual(await found('ValueSet/broken'), ['c400114']);
    const { status, body } = await client.get(`/Condition?code:in=${implicit('<< nothing')}`);
    assert.deepEqual([status, body.issue[0].code], [400, 'invalid']);
    assert.match(body.issue[0].diagnostics, /at character 4, 'nothing'/);
  });

  const refused: readonly [title: string, ask: () => Promise<Reply>, issue: string, says: RegExp][] = [
    [
      'a wrong expression in a URL',
      () => client.get(`/ValueSet/$expand?url=${implicit('<< 400110 AND < 400120 OR 400130')}`),
      '400 value url',
      /at character 24, 'OR 400130': expected brackets/,
    ],
    [
      'a wrong expression in a validation',
      () => client.get(`/ValueSet/$validate-code?url=${implicit('<<')}&system=${SNOMED}&code=400110`),
      '400 value url',
      /at its end/,
    ],
    [
      'what the language has and this server has not',
      () => client.get(`/ValueSet/$expand?url=${implicit('* {{ dialect = en-gb }}')}`),
      '400 not-supported url',
      /Dialects of descriptions are not kept here.*at character 6/,
    ],
    [
      'a wrong expression in a value set',
      () =>
        client.post(
          '/ValueSet/$expand',
          valueSet('own', { include: [{ system: 'http://x' }, ...(constrained('12').include as [])] }),
        ),
      '400 value ValueSet.compose.include[1].filter[0].value',
      /at character 1, '12'/,
    ],
    [
      'a wrong expression in what a value set names',
      () =>
        client.post('/ValueSet/$expand', valueSet('own', { include: [{ valueSet: [`${SNOMED}?fhir_vs=ecl/%3C`] }] })),
      '400 value ValueSet.compose.include[0].valueSet[0]',
      /at its end/,
    ],
    [
      'another form of implicit value sets',
      () => client.get(`/ValueSet/$expand?url=${encodeURIComponent(`${SNOMED}?fhir_vs=all`)}`),
      '400 not-supported url',
      /fhir_vs=ecl\/\[expression\]/,
    ],
  ];
  for (const [title, ask, issue, says] of refused) {
    it(`refuses ${title}`, async () => {
      const { status, body } = await ask();
      const { code, expression, diagnostics } = body.issue[0];
      assert.equal(`${status} ${code} ${expression}`, issue, JSON.stringify(body));
      assert.match(diagnostics, says);
    });
  }

  describe('a release that was loaded before', () => {
    it('is not asked', async () => {
      const systems = database.db.collection('code_systems');
      await systems.updateOne({ url: SNOMED }, { $unset: { relations: 1 }, $set: { collection: 'concepts_other' } });
      await server.loaded.look();
      const { status, body } = await client.get(`/ValueSet/$expand?url=${implicit('<< 400110')}`);
      assert.deepEqual([status, body.issue[0].code], [400, 'not-supported']);
      assert.match(body.issue[0].diagnostics, /load the release again/);
    });
  });
});
