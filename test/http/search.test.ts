// Searches as clients make them: bundles, links, pages, subsets, warnings. https://hl7.org/fhir/R4/http.html#search
import assert from 'node:assert/strict';
import { createFhirClient, type FhirClient, issueOf, type Reply } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const idsOf = (reply: Reply, mode?: string): string[] =>
  (reply.body.entry ?? [])
    .filter((entry: { search: { mode: string } }) => mode === undefined || entry.search.mode === mode)
    .map((entry: { resource: { id?: string } }) => entry.resource.id);

const linkOf = (reply: Reply, relation: string): string | undefined =>
  reply.body.link.find((link: { relation: string }) => link.relation === relation)?.url;

const code = (value: string) => ({ coding: [{ system: 'http://loinc.org', code: value }] });
const observation = (id: string, day: string, more: object = {}) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: code('8302-2'),
  subject: { reference: 'Patient/ann' },
  effectiveDateTime: `2024-05-${day}`,
  ...more,
});

const resources = [
  { resourceType: 'Organization', id: 'top', name: 'Top' },
  { resourceType: 'Organization', id: 'north', name: 'North', partOf: { reference: 'Organization/top' } },
  {
    resourceType: 'Patient',
    id: 'ann',
    active: true,
    name: [{ family: 'Adams' }],
    photo: [{ title: 'face' }],
    managingOrganization: { reference: 'Organization/north' },
  },
  { resourceType: 'Patient', id: 'bob', name: [{ family: 'Brown' }] },
  {
    resourceType: 'Encounter',
    id: 'visit',
    status: 'finished',
    class: { code: 'AMB' },
    subject: { reference: 'Patient/ann' },
  },
  observation('o1', '01', { encounter: { reference: 'Encounter/visit' } }),
  observation('o2', '02', { note: [{ text: 'tall' }], valueQuantity: { value: 1.5, unit: 'm' } }),
  observation('o3', '03', { code: code('29463-7') }),
  observation('o4', '04', { subject: { reference: 'Patient/bob' }, performer: [{ reference: 'Patient/ann' }] }),
  {
    resourceType: 'Provenance',
    id: 'prov',
    recorded: '2024-05-01T00:00:00Z',
    target: [{ reference: 'Observation/o1' }],
    agent: [{ who: { reference: 'Patient/ann' } }],
  },
  { resourceType: 'Questionnaire', id: 'q', status: 'active', url: 'http://example.org/q', version: '1' },
  { resourceType: 'QuestionnaireResponse', id: 'qr', status: 'completed', questionnaire: 'http://example.org/q|1' },
];

describe('search over HTTP', () => {
  let server: TestServer;
  let client: FhirClient;

  before(async () => {
    server = await startTestServer('search', { settings: { defaultPageSize: 10, maxPageSize: 50 } });
    client = createFhirClient(server.base);
    for (const resource of resources) {
      const reply = await client.put(`/${resource.resourceType}/${resource.id}`, resource);
      assert.equal(reply.status, 201, reply.text);
    }
  });
  after(() => server.close());

  it('answers a searchset of stored resources, each with its address and mode', async () => {
    const reply = await client.get('/Observation?patient=ann&code=http://loinc.org|8302-2&_sort=-date');
    const { resourceType, type, total, entry } = reply.body;
    assert.deepEqual({ resourceType, type, total }, { resourceType: 'Bundle', type: 'searchset', total: 2 });
    assert.deepEqual(idsOf(reply), ['o2', 'o1']);
    assert.equal(entry[0].fullUrl, `${server.base}/Observation/o2`);
    assert.deepEqual(entry[0].search, { mode: 'match' });
    assert.equal(entry[0].resource.meta.versionId, '1');
    assert.equal(reply.status, 200);
  });

  it('leaves out entry where nothing is found', async () => {
    const reply = await client.get('/Observation?code=nothing');
    assert.equal(reply.body.total, 0);
    assert.equal('entry' in reply.body, false);
    assert.equal(reply.status, 200);
  });

  it('follows next through all pages without repeating or skipping, and says first and self', async () => {
    let reply = await client.get('/Observation?_sort=-date&_count=3');
    assert.deepEqual(idsOf(reply), ['o4', 'o3', 'o2']);
    assert.equal(linkOf(reply, 'self'), `${server.base}/Observation?_sort=-date&_count=3`);
    assert.equal(linkOf(reply, 'first'), undefined);
    const second = linkOf(reply, 'next')!;
    reply = await client.get(second);
    assert.deepEqual(idsOf(reply), ['o1']);
    assert.equal(linkOf(reply, 'self'), second);
    assert.equal(linkOf(reply, 'first'), `${server.base}/Observation?_sort=-date&_count=3`);
    assert.equal(linkOf(reply, 'next'), undefined);
  });

  it('refuses a cursor that is none', async () => {
    const reply = await client.get('/Observation?_cursor=nonsense');
    assert.equal(issueOf(reply), 'invalid');
    assert.equal(reply.status, 400);
  });

  it('reads the form of POST _search and gives links for GET', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const reply = await client.post('/Observation/_search?_count=1', 'patient=Patient%2Fann&_sort=date', form);
    assert.deepEqual(idsOf(reply), ['o1'], reply.text);
    const self = linkOf(reply, 'self')!;
    assert.match(self, /\/Observation\?/);
    assert.doesNotMatch(self, /_search/);
    assert.deepEqual(idsOf(await client.get(linkOf(reply, 'next')!)), ['o2']);
  });

  it('goes on without an unknown parameter, warns, and leaves it out of self', async () => {
    const reply = await client.get('/Observation?nonsense=1&code=29463-7');
    assert.deepEqual(idsOf(reply, 'match'), ['o3']);
    const outcome = reply.body.entry.at(-1);
    assert.equal(outcome.search.mode, 'outcome');
    assert.match(outcome.resource.issue[0].diagnostics, /nonsense/);
    assert.equal(outcome.resource.issue[0].severity, 'warning');
    assert.doesNotMatch(linkOf(reply, 'self')!, /nonsense/);
    assert.equal(reply.status, 200);
  });

  it('refuses an unknown parameter where the client asks for strictness', async () => {
    const reply = await client.get('/Observation?nonsense=1', { prefer: 'handling=strict' });
    assert.equal(issueOf(reply), 'not-supported');
    assert.match(reply.body.issue[0].diagnostics, /nonsense/);
    assert.equal(reply.status, 400);
  });

  it('refuses wrong modifiers and values, strict or not, and names what is legal', async () => {
    const modifier = await client.get('/Observation?code:exact=1');
    assert.match(modifier.body.issue[0].diagnostics, /code.*:exact.*:missing.*:not/);
    assert.equal(modifier.status, 400);
    const value = await client.get('/Observation?date=yesterday');
    assert.match(value.body.issue[0].diagnostics, /date.*yesterday/);
    assert.equal(value.status, 400);
  });

  it('only counts for _summary=count and _count=0', async () => {
    for (const query of ['_summary=count', '_count=0']) {
      const reply = await client.get(`/Observation?patient=ann&${query}`);
      assert.equal(reply.body.total, 3, query);
      assert.equal('entry' in reply.body, false);
    }
  });

  it('gives an accurate total when asked', async () => {
    assert.equal((await client.get('/Observation?_count=1&_total=accurate')).body.total, 4);
    assert.equal((await client.get('/Observation?_count=1')).body.total, undefined);
  });

  it('caps _count and says so in self', async () => {
    assert.match(linkOf(await client.get('/Observation?_count=5000'), 'self')!, /_count=50$/);
    assert.equal((await client.get('/Observation?_count=many')).status, 400);
  });

  it('shows only the asked elements, the mandatory ones beside them, and tags the part', async () => {
    const reply = await client.get('/Observation?_id=o2&_elements=valueQuantity');
    const { resource } = reply.body.entry[0];
    assert.deepEqual(Object.keys(resource).sort(), ['code', 'id', 'meta', 'resourceType', 'status', 'valueQuantity']);
    assert.equal(resource.meta.tag.at(-1).code, 'SUBSETTED');
    const summary = await client.get('/Patient?_id=ann&_summary=true');
    assert.equal(summary.body.entry[0].resource.photo, undefined);
    assert.equal(summary.body.entry[0].resource.active, true);
  });

  it('keeps the text of decimals, in whole resources and in parts', async () => {
    const body =
      '{"resourceType":"Observation","id":"d","status":"final","code":{"text":"d"},"valueQuantity":{"value":1.50}}';
    await client.put('/Observation/d', body, { 'content-type': 'application/fhir+json' });
    assert.match((await client.get('/Observation?_id=d')).text, /"value":1\.50/);
    assert.match((await client.get('/Observation?_id=d&_elements=value')).text, /"value":1\.50/);
    await client.delete('/Observation/d');
    assert.deepEqual(idsOf(await client.get('/Observation?_id=d')), []);
  });

  describe('includes', () => {
    const included = async (path: string): Promise<string[]> => idsOf(await client.get(path), 'include').sort();

    it('follows references forward, once each', async () => {
      assert.deepEqual(await included('/Observation?code=8302-2&_include=Observation:subject'), ['ann', 'bob']);
      assert.deepEqual(await included('/Observation?_id=o4&_include=Observation:patient'), ['bob']);
      assert.deepEqual(await included('/Observation?_id=o4&_include=Observation:performer:Practitioner'), []);
    });

    it('follows every reference for *', async () => {
      assert.deepEqual(await included('/Observation?_id=o1&_include=*'), ['ann', 'visit']);
      assert.deepEqual(await included('/Observation?_id=o4&_include=Observation:*'), ['ann', 'bob']);
    });

    it('follows references backward', async () => {
      assert.deepEqual(await included('/Patient?_id=bob&_revinclude=Observation:patient'), ['o4']);
      assert.deepEqual(await included('/Observation?_id=o1&_revinclude=Provenance:target'), ['prov']);
      assert.deepEqual(await included('/Encounter?_id=visit&_revinclude=*'), ['o1']);
    });

    it('goes on from what was included where :iterate says so', async () => {
      const path = '/Observation?_id=o1&_include=Observation:patient';
      assert.deepEqual(await included(`${path}&_include=Patient:organization`), ['ann']);
      assert.deepEqual(await included(`${path}&_include:iterate=Patient:organization`), ['ann', 'north']);
      assert.deepEqual(
        await included(`${path}&_include:iterate=Patient:organization&_include:iterate=Organization:partof`),
        ['ann', 'north', 'top'],
      );
      assert.deepEqual(
        await included('/Patient?_id=bob&_revinclude=Observation:patient&_include:iterate=Observation:performer'),
        ['ann', 'o4'],
      );
    });

    it('finds canonicals by their url', async () => {
      assert.deepEqual(await included('/QuestionnaireResponse?_include=QuestionnaireResponse:questionnaire'), ['q']);
    });

    it('does not count what is included', async () => {
      assert.equal((await client.get('/Observation?_id=o1&_include=*')).body.total, 1);
    });

    it('refuses what is no reference or no type', async () => {
      for (const include of ['Observation:code', 'Nothing:subject', 'Observation', 'Observation:subject:Nothing']) {
        assert.equal((await client.get(`/Observation?_include=${include}`)).status, 400, include);
      }
      assert.equal((await client.get('/Observation?_include:exact=Observation:subject')).status, 400);
    });
  });

  describe('compartments', () => {
    it("finds what is in a patient's compartment by any reference", async () => {
      assert.deepEqual(idsOf(await client.get('/Patient/ann/Observation?_sort=_id')), ['o1', 'o2', 'o3', 'o4']);
      assert.deepEqual(idsOf(await client.get('/Patient/ann/Observation?code=29463-7')), ['o3']);
      assert.deepEqual(idsOf(await client.get('/Patient/bob/Observation')), ['o4']);
      assert.deepEqual(idsOf(await client.get('/Patient/nobody/Observation')), []);
    });

    it('knows the other compartments', async () => {
      assert.deepEqual(idsOf(await client.get('/Encounter/visit/Observation')), ['o1']);
    });

    it('says its address in the links', async () => {
      const reply = await client.get('/Patient/ann/Observation?_count=1');
      assert.match(linkOf(reply, 'self')!, /\/Patient\/ann\/Observation\?_count=1$/);
      assert.equal((await client.get(linkOf(reply, 'next')!)).body.entry.length, 1);
    });

    it('lists all types for *', async () => {
      const found = idsOf(await client.get('/Patient/ann/*')).sort();
      assert.deepEqual(found, ['ann', 'o1', 'o2', 'o3', 'o4', 'visit']);
    });
  });

  describe('several types at once', () => {
    it('pages through the named types in turn', async () => {
      const found: string[] = [];
      let url: string | undefined = '/?_type=Organization,Patient&_count=1';
      for (let pages = 0; url !== undefined && pages < 10; pages++) {
        const reply: Reply = await client.get(url);
        found.push(...idsOf(reply));
        url = linkOf(reply, 'next');
      }
      assert.deepEqual(found.sort(), ['ann', 'bob', 'north', 'top']);
    });

    it('pages through several types in one order, whatever each calls it, and counts', async () => {
      const walked = async (query: string): Promise<string[]> => {
        const found: string[] = [];
        let url: string | undefined = `/?${query}&_count=2&_total=accurate`;
        for (let pages = 0; url !== undefined && pages < 10; pages++) {
          const reply: Reply = await client.get(url);
          assert.equal(reply.status, 200, reply.text);
          assert.equal(reply.body.total, query.includes('Provenance') ? 5 : 6);
          found.push(...idsOf(reply));
          url = linkOf(reply, 'next');
        }
        return found;
      };
      const observations = ['o1', 'o2', 'o3', 'o4'];
      assert.deepEqual(await walked('_type=Observation,Patient&_sort=_id'), ['ann', 'bob', ...observations]);
      assert.deepEqual(await walked('_type=Observation,Patient&_sort=-_id'), [
        ...observations.toReversed(),
        'bob',
        'ann',
      ]);
      assert.deepEqual(await walked('_type=Observation,Patient&_sort=_lastUpdated'), ['ann', 'bob', ...observations]);
      const reversed = await walked('_type=Observation,Patient&_sort=-_lastUpdated');
      assert.deepEqual(reversed, [...observations.toReversed(), 'bob', 'ann']);
    });

    it('pages through several types by a quantity, whatever its unit', async () => {
      const about = (resourceType: string, id: string, value: number, code: string) => ({
        resourceType,
        id,
        status: 'active',
        type: { text: 'x' },
        useContext: [
          {
            code: { code: 'age' },
            valueQuantity: { value, code, unit: code, system: 'http://unitsofmeasure.org' },
          },
        ],
      });
      const all = [
        about('Questionnaire', 'by-m', 1.8, 'm'),
        about('Library', 'by-cm', 180, 'cm'),
        about('Library', 'by-mm', 900, 'mm'),
        about('Questionnaire', 'by-km', 0.5, 'km'),
      ];
      for (const one of all) {
        const { type, ...rest } = one;
        await client.put(`/${one.resourceType}/${one.id}`, one.resourceType === 'Library' ? one : rest);
      }
      const walked = async (sort: string): Promise<string[]> => {
        const found: string[] = [];
        let url: string | undefined = `/?_type=Questionnaire,Library&context-quantity=gt0&_sort=${sort}&_count=1`;
        for (let pages = 0; url !== undefined && pages < 10; pages++) {
          const reply: Reply = await client.get(url);
          assert.equal(reply.status, 200, reply.text);
          found.push(...idsOf(reply));
          url = linkOf(reply, 'next');
        }
        return found;
      };
      // of equal ones, types follow one another by name
      assert.deepEqual(await walked('context-quantity'), ['by-mm', 'by-cm', 'by-m', 'by-km']);
      assert.deepEqual(await walked('-context-quantity'), ['by-km', 'by-cm', 'by-m', 'by-mm']);
    });

    it('finds by what all types share, and counts', async () => {
      assert.deepEqual(idsOf(await client.get('/?_id=ann')), ['ann']);
      assert.equal((await client.get('/?_type=Patient,Observation&_summary=count')).body.total, 6);
      assert.deepEqual(idsOf(await client.get('/?_type=Patient&family=brown')), ['bob']);
    });

    it('refuses parameters that only some types have, orders of values that do not compare, and unknown types', async () => {
      assert.equal((await client.get('/?_type=Patient,Observation&family=x')).status, 400);
      const mixed = await client.get('/?_type=Patient,Encounter&_sort=identifier,birthdate');
      assert.equal(issueOf(mixed), 'not-supported');
      assert.equal((await client.get('/?_type=Nothing')).status, 400);
    });
  });
});
