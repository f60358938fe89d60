// The search language where it meets the rest of the server: terminology, lists, contained resources, words, indexes.
// https://hl7.org/fhir/R4/search.html
import assert from 'node:assert/strict';
import type { Predicate } from '../../src/fhir/model/predicate.ts';
import { planSearch } from '../../src/fhir/search/index.ts';
import { createFhirClient, type FhirClient, issueOf, type Reply } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const RX = 'http://rx.example';

const idsOf = (reply: Reply): string[] =>
  (reply.body.entry ?? [])
    .filter((entry: { search: { mode: string } }) => entry.search.mode === 'match')
    .map((entry: { resource: { id?: string } }) => entry.resource.id)
    .sort();
const addressesOf = (reply: Reply): string[] =>
  (reply.body.entry ?? []).map((entry: { fullUrl: string }) => entry.fullUrl.replace(/^.*\/fhir\//, '')).sort();

const encounter = (id: string, code: string, more: object = {}) => ({
  resourceType: 'Encounter',
  id,
  status: 'finished',
  class: { system: ACT, code },
  ...more,
});
const medication = (id: string, code: string, more: object = {}) => ({
  resourceType: 'Medication',
  id,
  code: { coding: [{ system: RX, code, display: `Tablets of ${code}` }] },
  ...more,
});
const flag = (code: string): object => ({
  resourceType: 'Flag',
  id: code,
  status: 'active',
  code: { coding: [{ code }] },
  subject: { reference: 'Patient/p' },
});
const request = (id: string, contained: { id: string }[], reference = '#m') => ({
  resourceType: 'MedicationRequest',
  id,
  status: 'active',
  intent: 'order',
  subject: { reference: 'Patient/p' },
  medicationReference: { reference },
  ...(contained.length > 0 && { contained }),
  // what is contained must be referred to (dom-3)
  ...(contained.length > 1 && { supportingInformation: [{ reference: `#${contained[1]?.id}` }] }),
});

const resources = [
  { resourceType: 'Patient', id: 'p', name: [{ family: 'Adams' }], gender: 'female' },
  encounter('inpatient', 'IMP', { subject: { reference: 'Patient/p' } }),
  encounter('acute', 'ACUTE'),
  encounter('outpatient', 'AMB'),
  {
    resourceType: 'ValueSet',
    id: 'wards',
    status: 'active',
    url: 'http://hospital.example/wards',
    compose: { include: [{ system: ACT, concept: [{ code: 'IMP' }, { code: 'ACUTE' }] }] },
  },
  {
    resourceType: 'List',
    id: 'l',
    status: 'current',
    mode: 'working',
    entry: [{ item: { reference: 'Encounter/acute' } }],
  },
  medication('outside', 'a'),
  request('one', [medication('m', 'a', { status: 'active' })]),
  request('two', [medication('m', 'b', { status: 'inactive' }), medication('n', 'a', { status: 'active' })]),
  request('three', [], 'Medication/outside'),
  {
    resourceType: 'DiagnosticReport',
    id: 'words',
    status: 'final',
    code: { text: 'Biopsy' },
    text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">Benign <b>naevus</b></div>' },
    conclusion: 'No further treatment',
  },
];

describe('the search language over HTTP', () => {
  let server: TestServer;
  let client: FhirClient;

  before(async () => {
    server = await startTestServer('search_language', { settings: { fullText: 'all' } });
    client = createFhirClient(server.base);
    for (const resource of resources) {
      const reply = await client.put(`/${resource.resourceType}/${resource.id}`, resource);
      assert.equal(reply.status, 201, reply.text);
    }
  });
  after(() => server.close());

  describe('codes by terminology', () => {
    it('finds what is in a value set, by its url and by its address, and what is not', async () => {
      assert.deepEqual(idsOf(await client.get('/Encounter?class:in=http://hospital.example/wards')), [
        'acute',
        'inpatient',
      ]);
      assert.deepEqual(idsOf(await client.get('/Encounter?class:in=ValueSet/wards')), ['acute', 'inpatient']);
      assert.deepEqual(idsOf(await client.get('/Encounter?class:not-in=ValueSet/wards')), ['outpatient']);
      const behind = await client.get('/Patient?_has:Encounter:subject:class:in=ValueSet/wards');
      assert.deepEqual(idsOf(behind), ['p']);
      const filter = encodeURIComponent('class in ValueSet/wards and subject pr false');
      assert.deepEqual(idsOf(await client.get(`/Encounter?_filter=${filter}`)), ['acute']);
    });

    it('finds what is below and above a concept', async () => {
      assert.deepEqual(idsOf(await client.get(`/Encounter?class:below=${ACT}|IMP`)), ['acute', 'inpatient']);
      assert.deepEqual(idsOf(await client.get(`/Encounter?class:above=${ACT}|ACUTE`)), ['acute', 'inpatient']);
      assert.deepEqual(idsOf(await client.get('/Patient?gender:below=female')), ['p']);
    });

    it('refuses what it does not know, by name', async () => {
      const rows: [string, RegExp][] = [
        ['/Encounter?class:in=http://nowhere.example/set', /class:in.*nowhere/],
        ['/Encounter?class:in=ValueSet/nowhere', /class:in.*ValueSet\/nowhere/],
        ['/Encounter?class:below=http://nowhere.example|x', /class:below.*nowhere/],
        ['/Encounter?class:below=IMP', /class:below.*system\|code/],
      ];
      for (const [path, message] of rows) {
        const reply = await client.get(path);
        assert.equal(issueOf(reply), 'invalid', reply.text);
        assert.match(reply.body.issue[0].diagnostics, message);
        assert.equal(reply.status, 400);
      }
    });
  });

  it('goes on without a parameter it does not know, but not without a filter that names one', async () => {
    assert.deepEqual(idsOf(await client.get('/Patient?nonsense=1')), ['p']);
    const reply = await client.get(`/Patient?_filter=${encodeURIComponent('gender eq male or nonsense eq 1')}`);
    assert.equal(issueOf(reply), 'invalid', reply.text);
    assert.match(reply.body.issue[0].diagnostics, /_filter: Patient has no search parameter nonsense/);
    assert.equal(reply.status, 400);
  });

  it('takes an absolute reference to itself for what it is, where no BASE_URL is set', async () => {
    const absolute = { reference: `${server.base}/Patient/p` };
    await client.put('/Flag/relative', flag('relative'));
    await client.put('/Flag/absolute', { ...flag('absolute'), subject: absolute });
    await client.put('/Flag/foreign', { ...flag('foreign'), subject: { reference: 'http://elsewhere/Patient/p' } });
    assert.deepEqual(idsOf(await client.get(`/Flag?subject=${absolute.reference}`)), ['absolute', 'relative']);
    assert.deepEqual(idsOf(await client.get(`/Flag?patient=${absolute.reference}`)), ['absolute', 'relative']);
    const once = { 'if-none-exist': `patient=${absolute.reference}&_id=relative` };
    assert.equal((await client.post('/Flag', flag('relative'), once)).status, 200);
  });

  it('tells how far the places are that it finds near another', async () => {
    const place = { resourceType: 'Location', id: 'far', position: { latitude: 51.5, longitude: 30 } };
    await client.put('/Location/far', place);
    const { body, text } = await client.get('/Location?near=51.5|30.1|5|mi');
    assert.deepEqual(
      body.entry?.map(({ search }: { search: object }) => search),
      [
        {
          extension: [
            {
              url: 'http://hl7.org/fhir/StructureDefinition/location-distance',
              valueDistance: { value: 6.922, unit: 'km', system: 'http://unitsofmeasure.org', code: 'km' },
            },
          ],
          mode: 'match',
        },
      ],
      text,
    );
  });

  it('finds what is in a List, by GET and POST, and in conditional requests', async () => {
    assert.deepEqual(idsOf(await client.get('/Encounter?_list=l')), ['acute']);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.deepEqual(idsOf(await client.post('/Encounter/_search', '_list=l&class=ACUTE', form)), ['acute']);
    const again = await client.put('/Encounter?_list=l', { ...encounter('acute', 'ACUTE'), status: 'arrived' });
    assert.equal(again.body.id, 'acute', again.text);
    assert.equal(again.status, 200);
  });

  describe('contained resources', () => {
    const pages = async (path: string): Promise<string[]> => {
      const found: string[] = [];
      let url: string | undefined = path;
      for (let page = 0; url !== undefined && page < 20; page++) {
        const reply: Reply = await client.get(url);
        found.push(...addressesOf(reply));
        url = reply.body.link.find(({ relation }: { relation: string }) => relation === 'next')?.url;
      }
      return found.sort();
    };

    it('are left out, found in their containers, or beside the others', async () => {
      assert.deepEqual(addressesOf(await client.get('/Medication?code=a')), ['Medication/outside']);
      assert.deepEqual(addressesOf(await client.get('/Medication?code=a&_contained=false')), ['Medication/outside']);
      const containers = ['MedicationRequest/one', 'MedicationRequest/two'];
      assert.deepEqual(addressesOf(await client.get('/Medication?code=a&_contained=true')), containers);
      assert.deepEqual(addressesOf(await client.get('/Medication?code=a&_contained=both')), [
        'Medication/outside',
        ...containers,
      ]);
      assert.deepEqual(await pages('/Medication?code=a&_contained=both&_count=1'), [
        'Medication/outside',
        ...containers,
      ]);
    });

    it('must meet all conditions themselves', async () => {
      // the one has the code, the other the status
      const path = '/Medication?code=a&status=inactive&_contained=true';
      assert.deepEqual(addressesOf(await client.get(path)), []);
      assert.equal((await client.get(path)).body.total, 0);
    });

    it('are answered themselves where that is asked', async () => {
      const reply = await client.get('/Medication?code=a&_contained=true&_containedType=contained');
      assert.deepEqual(addressesOf(reply), ['MedicationRequest/one#m', 'MedicationRequest/two#n']);
      assert.deepEqual(
        reply.body.entry.map(({ resource }: { resource: { resourceType: string } }) => resource.resourceType),
        ['Medication', 'Medication'],
      );
      assert.match(reply.body.link[0].url, /_contained=true&_containedType=contained&code=a/);
    });

    it('are counted, by texts of their codes too', async () => {
      assert.equal((await client.get('/Medication?code:text=tablets&_contained=both&_summary=count')).body.total, 3);
      assert.equal((await client.get('/Medication?_id=m&_contained=true&_summary=count')).body.total, 2);
    });

    it('are refused with an order, a chain and other values', async () => {
      for (const query of [
        '_sort=code',
        'manufacturer.name=x',
        '_containedType=box',
        '_include=Medication:manufacturer',
      ]) {
        const reply = await client.get(`/Medication?_contained=true&${query}`);
        assert.match(reply.body.issue?.[0].diagnostics ?? '', /_contained/, reply.text);
        assert.equal(reply.status, 400);
      }
      assert.equal((await client.get('/Medication?_contained=maybe')).status, 400);
    });
  });

  it('finds words, and says which setting is missing where they are not indexed', async () => {
    assert.deepEqual(idsOf(await client.get('/DiagnosticReport?_text=naevus')), ['words']);
    assert.deepEqual(idsOf(await client.get('/DiagnosticReport?_content=treatment benign')), ['words']);
    const other = await startTestServer('search_words', { settings: { fullText: 'narrative' } });
    try {
      const reply = await createFhirClient(other.base).get('/DiagnosticReport?_content=x', {
        prefer: 'handling=strict',
      });
      assert.equal(issueOf(reply), 'not-supported');
      assert.match(reply.body.issue[0].diagnostics, /_content.*FULL_TEXT=all/);
      assert.equal(reply.status, 400);
    } finally {
      await other.close();
    }
  });

  describe('asks indexes', () => {
    const MANY = 400;

    before(async () => {
      const entries = Array.from({ length: MANY }, (_, index) => ({
        resource: {
          resourceType: 'Condition',
          id: `c${index}`,
          subject: { reference: 'Patient/p' },
          code: { coding: [{ system: 'http://frequent', code: 'x', display: 'Common cold' }] },
          identifier: [{ value: String(index) }],
          ...(index === 7 && {
            code: { coding: [{ system: 'http://rare', code: 'y', display: 'Migraine' }] },
            text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">aura</div>' },
            onsetAge: { value: 24, unit: 'mo', system: 'http://unitsofmeasure.org', code: 'mo' },
          }),
          ...(index === 8 && { code: { text: 'an odd feeling' } }),
        },
        request: { method: 'PUT', url: `Condition/c${index}` },
      }));
      const places = Array.from({ length: MANY }, (_, index) => ({
        resource: { resourceType: 'Location', id: `l${index}`, position: { latitude: index / 10, longitude: 10 } },
        request: { method: 'PUT', url: `Location/l${index}` },
      }));
      const reply = await client.post('', {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [...entries, ...places],
      });
      assert.equal(reply.status, 200, reply.text);
    });

    const rows: [type: string, name: string, value: string, found: number][] = [
      ['Condition', 'code', 'http://rare|', 1],
      ['Condition', 'code', 'http://nowhere|', 0],
      ['Condition', 'code:text', 'migr', 1],
      ['Condition', 'code:text', 'odd', 1],
      ['Condition', 'code:text', 'nothing', 0],
      ['Condition', '_text', 'aura', 1],
      ['Condition', '_content', 'aura', 1],
      ['Condition', '_content', 'migraine', 1],
      ['Condition', 'onset-age', '2|http://unitsofmeasure.org|a', 1],
      ['Condition', '_filter', 'identifier eq 5 or identifier eq 6', 2],
      ['Condition', '_filter', 'identifier sw 39', 11],
      ['Condition', '_list', '$current-problems', 0],
      ['Location', 'near', '20.04|10.0|10|km', 2],
    ];
    for (const [type, name, value, found] of rows) {
      it(`for ${type}?${name}=${value}`, async () => {
        const { definitions, settings } = server.engine;
        const query = [[name, value]] as const;
        const plan = planSearch({ definitions, type, query, strict: true, settings, now: 0 });
        const { where, sort } = plan;
        const page = await server.store.find({ type, where, sort, limit: 20, total: 'none', explain: true });
        assert.equal(page.matches.length, found);
        assert.ok(page.examined && page.examined.documents <= found + 2, JSON.stringify(page.examined));
        assert.ok(page.examined.keys <= 3 * found + 20, JSON.stringify(page.examined));
      });
    }

    it('and counts a code with its system by the index alone, until another system has it too', async () => {
      const { definitions, settings } = server.engine;
      const query = [['code', 'http://frequent|x']] as const;
      const { where } = planSearch({ definitions, type: 'Condition', query, strict: true, settings, now: 0 });
      const total = async (of: Predicate): Promise<number | undefined> =>
        (await server.store.find({ type: 'Condition', where: of, sort: [], limit: 0, total: 'accurate' })).total;
      assert.equal(await total(where), MANY - 2);
      const other = {
        resourceType: 'Condition',
        id: 'other',
        subject: { reference: 'Patient/p' },
        code: { coding: [{ system: 'http://rare', code: 'x' }] },
      };
      const reply = await client.put('/Condition/other', other);
      assert.equal(reply.status, 201, reply.text);
      assert.equal(await total(where), MANY - 2);
      await client.delete('/Condition/other');
      assert.equal(await total(where), MANY - 2);
    });
  });
});
