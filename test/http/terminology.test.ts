// The terminology operations over HTTP, at all their levels, by GET and by POST. https://hl7.org/fhir/R4/terminology-service.html
import assert from 'node:assert/strict';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';
import { createFhirClient, type FhirClient, type Reply } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { ANIMALS, animals, codesIn, valueSet } from '../unit/fhir/terminology/terminology.ts';

const GENDER = 'http://hl7.org/fhir/administrative-gender';
const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const COLOURS = 'http://example.org/CodeSystem/colours';

const legged: Resource = {
  ...valueSet('legged', {
    include: [{ system: ANIMALS, filter: [{ property: 'legs', op: 'exists', value: 'true' }] }],
  }),
  id: 'legged',
  version: '3',
};

const toColour: Resource = {
  resourceType: 'ConceptMap',
  id: 'to-colour',
  url: 'http://example.org/ConceptMap/to-colour',
  version: '1',
  status: 'active',
  sourceUri: 'http://example.org/ValueSet/all-animals',
  targetUri: 'http://example.org/ValueSet/colours',
  group: [
    {
      source: ANIMALS,
      target: COLOURS,
      element: [
        {
          code: 'whale',
          target: [
            { code: 'blue', display: 'Blue', equivalence: 'equivalent' },
            {
              code: 'grey',
              equivalence: 'wider',
              product: [{ property: 'http://example.org/shade', system: COLOURS, value: 'light' }],
            },
          ],
        },
        {
          code: 'dog',
          target: [
            {
              code: 'brown',
              equivalence: 'narrower',
              comment: 'Boxers are brown',
              dependsOn: [
                { property: 'http://example.org/breed', system: 'http://example.org/breeds', value: 'boxer' },
              ],
            },
          ],
        },
        { code: 'dodo', target: [{ equivalence: 'unmatched' }] },
      ],
    },
  ],
};

const parameters = (given: Record<string, unknown>): Resource => ({
  resourceType: 'Parameters',
  parameter: Object.entries(given).flatMap(([name, value]) => {
    const [bare, type] = name.split(':') as [string, string];
    return (Array.isArray(value) ? value : [value]).map((one) =>
      type === 'resource' || type === 'part' ? { name: bare, [type]: one } : { name: bare, [`value${type}`]: one },
    );
  }),
});

/** Parameters as an object; repeated names and parts as arrays */
// biome-ignore lint/suspicious/noExplicitAny: outputs of every shape
const valuesOf = (body: any): any => {
  // biome-ignore lint/suspicious/noExplicitAny: outputs of every shape
  const read = (entries: any[]): any => {
    const values: Record<string, unknown> = {};
    for (const { name, part, resource, ...value } of entries) {
      const one = part ? read(part) : (resource ?? Object.values(value)[0]);
      values[name] = name in values ? [values[name], one].flat() : one;
    }
    return values;
  };
  return read(body?.parameter ?? []);
};

const issuesOf = ({ status, body }: Reply): string =>
  [
    status,
    ...(body.issue ?? []).map(
      (issue: { code: string; expression?: string[] }) => `${issue.code}@${issue.expression ?? ''}`,
    ),
  ].join(' ');

describe('terminology over HTTP', () => {
  let server: TestServer;
  let client: FhirClient;
  let database: FreshDatabase;
  before(async () => {
    database = await freshDatabase('terminology');
    server = await startTestServer('terminology', { database, settings: { terminologyMaxExpansion: 200 } });
    client = createFhirClient(server.base);
    for (const resource of [{ ...animals, id: 'animals' }, legged, toColour]) {
      const { status, text } = await client.put(`/${resource.resourceType}/${resource.id}`, resource);
      assert.equal(status, 201, text);
    }
  });
  after(async () => {
    await server.close();
    await database.drop();
  });

  describe('ValueSet/$expand', () => {
    const expand = async (query: string): Promise<Resource> => {
      const { status, body, text } = await client.get(`/ValueSet/$expand?${query}`);
      assert.equal(status, 200, text);
      return body;
    };
    const gender = 'url=http://hl7.org/fhir/ValueSet/administrative-gender';

    it('gives the codes of a published value set', async () => {
      const body = await expand(gender);
      assert.equal(body.url, 'http://hl7.org/fhir/ValueSet/administrative-gender');
      assert.equal(body.compose, undefined);
      const { identifier, timestamp, total, parameter, contains } = body.expansion as Record<string, unknown>;
      assert.match(String(identifier), /^urn:uuid:/);
      assert.match(String(timestamp), /^\d{4}-\d\d-\d\dT/);
      assert.equal(total, 4);
      assert.deepEqual(parameter, [{ name: 'version', valueUri: `${GENDER}|4.0.1` }]);
      assert.deepEqual((contains as unknown[])[0], { system: GENDER, code: 'male', display: 'Male' });
    });

    it('gives the same by POST, at a stored instance, and of a value set that is sent', async () => {
      const instance = await client.get('/ValueSet/legged/$expand');
      const posted = await client.post('/ValueSet/$expand', parameters({ 'valueSet:resource': legged }));
      const bare = await client.post('/ValueSet/$expand', legged);
      const byUrl = await client.post(
        '/ValueSet/$expand',
        parameters({ 'url:Uri': legged.url, 'valueSetVersion:String': '3' }),
      );
      for (const { body, status, text } of [instance, posted, bare, byUrl]) {
        assert.equal(status, 200, text);
        assert.deepEqual(codesIn(body), ['dog', 'dodo', 'platypus']);
      }
    });

    it('takes the value set that an element is bound to', async () => {
      const body = await expand(
        `context=${encodeURIComponent('http://hl7.org/fhir/StructureDefinition/Patient#Patient.gender')}&contextDirection=incoming`,
      );
      assert.deepEqual(codesIn(body), ['male', 'female', 'other', 'unknown']);
    });

    it('filters by the beginnings of words, best first', async () => {
      assert.deepEqual(codesIn(await expand('url=http://example.org/ValueSet/all-animals&filter=wha%20BLU')), [
        'whale',
      ]);
      assert.deepEqual(codesIn(await expand('url=http://example.org/ValueSet/all-animals&filter=d')), ['dog', 'dodo']);
      assert.deepEqual(codesIn(await expand('url=http://example.org/ValueSet/all-animals&filter=hund')), ['dog']);
    });

    it('gives pages and says how many there are', async () => {
      const url = `url=${encodeURIComponent('http://terminology.hl7.org/ValueSet/v3-ActCode')}`;
      const first = await expand(`${url}&count=10`);
      const second = await expand(`${url}&count=10&offset=10`);
      const { total, offset, parameter } = second.expansion as Record<string, unknown>;
      assert.ok(Number(total) > 900, String(total));
      assert.equal(offset, 10);
      assert.ok((parameter as { name: string }[]).some(({ name }) => name === 'offset'));
      assert.equal(new Set([...codesIn(first), ...codesIn(second)]).size, 20);
      const none = await expand(`${url}&count=0`);
      assert.deepEqual([codesIn(none), (none.expansion as { total: number }).total], [[], total]);
    });

    it('refuses what is too large without a page', async () => {
      const reply = await client.get(`/ValueSet/$expand?url=http://terminology.hl7.org/ValueSet/v3-ActCode`);
      assert.equal(issuesOf(reply), '403 too-costly@');
      assert.match(reply.body.issue[0].diagnostics, /more than 200 codes/);
    });

    it('nests, shows and leaves out as it is asked', async () => {
      const url = 'url=http://example.org/ValueSet/all-animals';
      assert.deepEqual(codesIn(await expand(url)), [
        'animal',
        ['mammal', ['dog', 'whale', 'platypus'], 'bird', ['dodo']],
      ]);
      assert.deepEqual(codesIn(await expand(`${url}&excludeNested=true&activeOnly=true`)), [
        'animal',
        'mammal',
        'dog',
        'whale',
        'bird',
        'platypus',
      ]);
      assert.deepEqual(codesIn(await expand(`${url}&excludeNested=true&excludeNotForUI=true`)), [
        'mammal',
        'dog',
        'whale',
        'bird',
        'dodo',
        'platypus',
      ]);
      const body = await expand(
        `${url}&excludeNested=true&includeDesignations=true&designation=${encodeURIComponent('urn:ietf:bcp:47|de')}&displayLanguage=fr&includeDefinition=true`,
      );
      const contains = (body.expansion as { contains: Resource[] }).contains;
      assert.deepEqual(
        contains.find(({ code }) => code === 'dog'),
        {
          system: ANIMALS,
          code: 'dog',
          display: 'Chien',
          designation: [{ language: 'de', value: 'Hund' }],
        },
      );
      assert.deepEqual(
        contains.find(({ code }) => code === 'dodo'),
        { system: ANIMALS, inactive: true, code: 'dodo', display: 'Dodo' },
      );
      assert.ok(body.compose);
    });

    it('obeys the wishes for versions and systems', async () => {
      const two = valueSet('two', { include: [{ system: ANIMALS, concept: [{ code: 'dog' }] }, { system: GENDER }] });
      const post = (given: Record<string, unknown>) =>
        client.post('/ValueSet/$expand', parameters({ 'valueSet:resource': two, ...given }));
      const without = await post({ 'exclude-system:Canonical': GENDER });
      assert.deepEqual(codesIn(without.body), ['dog']);
      const forced = await post({ 'force-system-version:Canonical': `${GENDER}|9.9` });
      assert.equal(issuesOf(forced), '422 not-found@');
      assert.match(forced.body.issue[0].diagnostics, /administrative-gender in version 9\.9 is not here/);
      const checked = await client.post(
        '/ValueSet/$expand',
        parameters({
          'valueSet:resource': valueSet('one', { include: [{ system: ANIMALS, version: '2.1.0' }] }),
          'check-system-version:Canonical': `${ANIMALS}|1`,
        }),
      );
      assert.equal(issuesOf(checked), '422 business-rule@');
      const early = await client.get(`/ValueSet/$expand?${gender}&date=2001-01-01`);
      assert.equal(early.status, 404, early.text);
    });

    const refused: readonly [title: string, query: string, issues: string][] = [
      ['nothing that says which value set', 'filter=a', '400 required@'],
      ['two ways to say which', `${gender}&context=a%23b`, '400 required@'],
      ['an unknown value set', 'url=http://example.org/ValueSet/unheard-of', '404 not-found@url'],
      [
        'a value set whose code system is not here',
        'url=http://hl7.org/fhir/ValueSet/condition-code',
        '422 not-found@',
      ],
      ['a context without a path', 'context=http://hl7.org/fhir/StructureDefinition/Patient', '400 value@context'],
      [
        'an element that is not bound',
        'context=http://hl7.org/fhir/StructureDefinition/Patient%23Patient.birthDate',
        '404 not-found@context',
      ],
      ['a negative offset', `${gender}&offset=-1`, '400 value@offset'],
      ['SNOMED CT, which is not loaded', 'url=http://snomed.info/sct?fhir_vs=isa/404684003', '422 not-found@'],
      ['an expression, too', 'url=http://snomed.info/sct?fhir_vs=ecl/%3C404684003', '422 not-found@'],
      ['an unknown parameter', `${gender}&filtr=m`, '400 not-supported@filtr'],
    ];
    for (const [title, query, issues] of refused) {
      it(`refuses ${title}`, async () => {
        assert.equal(issuesOf(await client.get(`/ValueSet/$expand?${query}`)), issues);
      });
    }

    it('does not find an instance that is not there', async () => {
      assert.equal(issuesOf(await client.get('/ValueSet/nobody/$expand')), '404 not-found@');
    });
  });

  describe('ValueSet/$validate-code', () => {
    const at = '/ValueSet/$validate-code?url=http://hl7.org/fhir/ValueSet/administrative-gender';
    const rows: readonly [
      title: string,
      ask: () => Promise<Reply>,
      expected: Record<string, unknown>,
      message?: RegExp,
    ][] = [
      ['a code that is in it', () => client.get(`${at}&system=${GENDER}&code=male`), { result: true, display: 'Male' }],
      ['a code without a system', () => client.get(`${at}&code=male`), { result: true, display: 'Male' }],
      [
        'a code that is not',
        () => client.get(`${at}&system=${GENDER}&code=man`),
        { result: false },
        /'.*administrative-gender\|man' is not in the value set/,
      ],
      [
        'a right display',
        () => client.get(`${at}&system=${GENDER}&code=male&display=male`),
        { result: true, display: 'Male' },
      ],
      [
        'a wrong display',
        () => client.get(`${at}&system=${GENDER}&code=male&display=Man`),
        { result: false, display: 'Male' },
        /'Man' is no display/,
      ],
      [
        'an instance',
        () => client.get(`/ValueSet/legged/$validate-code?system=${ANIMALS}&code=dog`),
        { result: true, display: 'Dog' },
      ],
      [
        'a coding in a value set that is sent',
        () =>
          client.post(
            '/ValueSet/$validate-code',
            parameters({ 'valueSet:resource': legged, 'coding:Coding': { system: ANIMALS, code: 'whale' } }),
          ),
        { result: false },
        /whale/,
      ],
      [
        'a concept of which one coding is in it',
        () =>
          client.post(
            '/ValueSet/$validate-code',
            parameters({
              'url:Uri': legged.url,
              'codeableConcept:CodeableConcept': {
                coding: [
                  { system: 'http://x.org', code: '1' },
                  { system: ANIMALS, code: 'dog' },
                ],
              },
            }),
          ),
        { result: true, display: 'Dog' },
      ],
      [
        'a code of a system that is not here',
        () =>
          client.get(
            '/ValueSet/$validate-code?url=http://hl7.org/fhir/ValueSet/condition-code&system=http://snomed.info/sct&code=1',
          ),
        { result: false },
        /snomed.info\/sct is not here/,
      ],
      [
        'an abstract code',
        () =>
          client.get(
            `/ValueSet/$validate-code?url=http://example.org/ValueSet/all-animals&system=${ANIMALS}&code=animal`,
          ),
        { result: false, display: 'Animal' },
        /abstract/,
      ],
      [
        'an abstract code where that is allowed',
        () =>
          client.get(
            `/ValueSet/$validate-code?url=http://example.org/ValueSet/all-animals&system=${ANIMALS}&code=animal&abstract=true`,
          ),
        { result: true, display: 'Animal' },
      ],
      [
        'a display in a language',
        () => client.get(`/ValueSet/legged/$validate-code?system=${ANIMALS}&code=dog&displayLanguage=de`),
        { result: true, display: 'Hund' },
      ],
      [
        'a bound element',
        () =>
          client.get(
            `/ValueSet/$validate-code?context=http://hl7.org/fhir/StructureDefinition/Patient%23Patient.gender&code=other`,
          ),
        { result: true, display: 'Other' },
      ],
    ];
    for (const [title, ask, expected, message] of rows) {
      it(`judges ${title}`, async () => {
        const reply = await ask();
        assert.equal(reply.status, 200, reply.text);
        const { message: said, ...rest } = valuesOf(reply.body);
        assert.deepEqual(rest, expected);
        if (message) assert.match(said, message);
      });
    }

    const refused: readonly [title: string, query: string, issues: string][] = [
      ['no code', '', '400 required@'],
      ['an unknown value set', '&code=a', '404 not-found@url'],
    ];
    for (const [title, query, issues] of refused) {
      it(`refuses ${title}`, async () => {
        assert.equal(
          issuesOf(await client.get(`/ValueSet/$validate-code?url=http://example.org/ValueSet/unheard-of${query}`)),
          issues,
        );
      });
    }
  });

  describe('CodeSystem/$validate-code', () => {
    const rows: readonly [
      title: string,
      ask: () => Promise<Reply>,
      expected: Record<string, unknown>,
      message?: RegExp,
    ][] = [
      [
        'a code',
        () => client.get(`/CodeSystem/$validate-code?url=${GENDER}&code=female`),
        { result: true, display: 'Female' },
      ],
      [
        'a code that is not there',
        () => client.get(`/CodeSystem/$validate-code?url=${GENDER}&code=f`),
        { result: false },
        /'f' is not in the code system/,
      ],
      [
        'a unit',
        () => client.get('/CodeSystem/$validate-code?url=http://unitsofmeasure.org&code=mg/dL'),
        { result: true, display: 'milligram per deciliter' },
      ],
      [
        'a code at an instance',
        () => client.get('/CodeSystem/animals/$validate-code?code=whale&display=Blue%20whale'),
        { result: true, display: 'Blue whale' },
      ],
      [
        'a coding of another system',
        () =>
          client.post(
            '/CodeSystem/animals/$validate-code',
            parameters({ 'coding:Coding': { system: GENDER, code: 'male' } }),
          ),
        { result: false },
        /is of .*gender, not of/,
      ],
      [
        'a code of a system that is sent',
        () =>
          client.post(
            '/CodeSystem/$validate-code',
            parameters({ 'codeSystem:resource': { ...animals, concept: [{ code: 'cat' }] }, 'code:Code': 'cat' }),
          ),
        { result: true },
      ],
      [
        'a version that is not here',
        () => client.get(`/CodeSystem/$validate-code?url=${GENDER}&code=male&version=1.0`),
        { result: false },
        /in version 1\.0 is not here/,
      ],
    ];
    for (const [title, ask, expected, message] of rows) {
      it(`judges ${title}`, async () => {
        const reply = await ask();
        assert.equal(reply.status, 200, reply.text);
        const { message: said, ...rest } = valuesOf(reply.body);
        assert.deepEqual(rest, expected);
        if (message) assert.match(said, message);
      });
    }

    it('refuses a code without a system', async () => {
      assert.equal(issuesOf(await client.get('/CodeSystem/$validate-code?code=male')), '400 required@url');
    });
  });

  describe('CodeSystem/$lookup', () => {
    it('tells what there is to a code', async () => {
      const { body, status, text } = await client.get(`/CodeSystem/$lookup?system=${ACT}&code=AMB`);
      assert.equal(status, 200, text);
      const { name, display, version, property } = valuesOf(body);
      assert.deepEqual([name, display, typeof version], ['ActCode', 'ambulatory', 'string']);
      const codes = property.map(({ code }: { code: string }) => code);
      for (const code of ['definition', 'inactive', 'parent', 'status', 'internalId'])
        assert.ok(codes.includes(code), code);
    });

    it('gives designations, parents and children, in the language asked for', async () => {
      const { body } = await client.post(
        '/CodeSystem/$lookup',
        parameters({ 'coding:Coding': { system: ANIMALS, code: 'dog' }, 'displayLanguage:Code': 'de' }),
      );
      const { display, designation, property } = valuesOf(body);
      assert.equal(display, 'Hund');
      assert.deepEqual(designation, [
        { language: 'de', value: 'Hund' },
        { language: 'fr-CH', use: { system: 'http://snomed.info/sct', code: '900000000000013009' }, value: 'Chien' },
      ]);
      assert.deepEqual(property, [
        { code: 'inactive', value: false },
        { code: 'parent', value: 'mammal', description: 'Mammal' },
        { code: 'legs', value: 4 },
        { code: 'habitat', value: 'house' },
      ]);
      const children = valuesOf(
        (await client.get(`/CodeSystem/$lookup?system=${ANIMALS}&code=bird&property=child`)).body,
      );
      assert.deepEqual(children.property, { code: 'child', value: 'dodo', description: 'Dodo' });
    });

    it('gives only the properties asked for', async () => {
      const { body } = await client.get(
        `/CodeSystem/$lookup?system=${ANIMALS}&code=dog&property=legs&property=lang.de`,
      );
      const { designation, property } = valuesOf(body);
      assert.deepEqual(
        [designation, property],
        [
          { language: 'de', value: 'Hund' },
          { code: 'legs', value: 4 },
        ],
      );
    });

    const refused: readonly [title: string, query: string, issues: string][] = [
      ['an unknown code', `system=${GENDER}&code=man`, '404 not-found@code'],
      ['an unknown system', 'system=http://example.org/none&code=man', '404 not-found@system'],
      ['a code without a system', 'code=man', '400 required@system'],
      ['no code', `system=${GENDER}`, '400 required@'],
    ];
    for (const [title, query, issues] of refused) {
      it(`refuses ${title}`, async () => {
        assert.equal(issuesOf(await client.get(`/CodeSystem/$lookup?${query}`)), issues);
      });
    }
  });

  describe('CodeSystem/$subsumes', () => {
    const rows: readonly [a: string, b: string, outcome: string][] = [
      ['mammal', 'dog', 'subsumes'],
      ['platypus', 'animal', 'subsumed-by'],
      ['dog', 'dog', 'equivalent'],
      ['dog', 'bird', 'not-subsumed'],
    ];
    for (const [a, b, outcome] of rows) {
      it(`${a} and ${b}: ${outcome}`, async () => {
        const byType = await client.get(`/CodeSystem/$subsumes?system=${ANIMALS}&codeA=${a}&codeB=${b}`);
        const byInstance = await client.get(`/CodeSystem/animals/$subsumes?codeA=${a}&codeB=${b}`);
        const byCodings = await client.post(
          '/CodeSystem/$subsumes',
          parameters({
            'codingA:Coding': { system: ANIMALS, code: a },
            'codingB:Coding': { system: ANIMALS, code: b },
          }),
        );
        for (const { body, text } of [byType, byInstance, byCodings])
          assert.equal(valuesOf(body).outcome, outcome, text);
      });
    }

    it('refuses codes that are not there, and codes of two systems', async () => {
      assert.equal(
        issuesOf(await client.get(`/CodeSystem/$subsumes?system=${ANIMALS}&codeA=dog&codeB=cat`)),
        '404 not-found@codeB',
      );
      assert.equal(
        issuesOf(await client.get(`/CodeSystem/$subsumes?system=${ANIMALS}&codeA=dog`)),
        '400 required@codeB',
      );
      const mixed = parameters({
        'codingA:Coding': { system: ANIMALS, code: 'dog' },
        'codingB:Coding': { system: GENDER, code: 'male' },
      });
      assert.equal(issuesOf(await client.post('/CodeSystem/$subsumes', mixed)), '400 invalid@');
    });
  });

  describe('CodeSystem/$find-matches', () => {
    const find = (property: unknown[], exact: boolean) =>
      client.post(
        '/CodeSystem/$find-matches',
        parameters({ 'system:Uri': ANIMALS, 'property:part': property, 'exact:Boolean': exact }),
      );
    const property = (code: string, value: Record<string, unknown>) => [
      { name: 'code', valueCode: code },
      { name: 'value', ...value },
    ];

    it('finds codes with all properties before codes with some', async () => {
      const { body, text } = await find(
        [property('legs', { valueInteger: 4 }), property('habitat', { valueCode: 'river' })],
        true,
      );
      const { match } = valuesOf(body);
      assert.deepEqual(
        match,
        [
          { code: { system: ANIMALS, version: '2.1.0', code: 'platypus', display: 'Platypus' } },
          {
            code: { system: ANIMALS, version: '2.1.0', code: 'dog', display: 'Dog' },
            unmatched: { code: 'habitat', value: 'river' },
          },
        ],
        text,
      );
    });

    it('guesses by words only for people', async () => {
      const guess = await find([property('display', { valueString: 'whale' })], false);
      assert.equal(valuesOf(guess.body).match.code.code, 'whale');
      assert.match(valuesOf(guess.body).match.comment, /words/);
      assert.equal((await find([property('display', { valueString: 'whale' })], true)).body.parameter, undefined);
    });

    it('refuses a property that the system does not have, and a call without one', async () => {
      assert.equal(issuesOf(await find([property('wings', { valueInteger: 2 })], true)), '400 not-supported@');
      assert.equal(issuesOf(await find([], true)), '400 required@property');
    });
  });

  describe('ConceptMap/$translate', () => {
    const at = '/ConceptMap/to-colour/$translate';
    it('gives all matches with what they mean', async () => {
      const byInstance = await client.get(`${at}?system=${ANIMALS}&code=whale`);
      const byUrl = await client.get(`/ConceptMap/$translate?url=${toColour.url}&system=${ANIMALS}&code=whale`);
      const bySource = await client.get(
        `/ConceptMap/$translate?source=${toColour.sourceUri}&system=${ANIMALS}&code=whale`,
      );
      const byTarget = await client.get(`/ConceptMap/$translate?targetsystem=${COLOURS}&system=${ANIMALS}&code=whale`);
      const sent = await client.post(
        '/ConceptMap/$translate',
        parameters({ 'conceptMap:resource': toColour, 'coding:Coding': { system: ANIMALS, code: 'whale' } }),
      );
      for (const { body, text } of [byInstance, byUrl, bySource, byTarget, sent]) {
        assert.deepEqual(
          valuesOf(body),
          {
            result: true,
            match: [
              {
                equivalence: 'equivalent',
                concept: { system: COLOURS, code: 'blue', display: 'Blue' },
                source: 'http://example.org/ConceptMap/to-colour|1',
              },
              {
                equivalence: 'wider',
                concept: { system: COLOURS, code: 'grey' },
                product: { element: 'http://example.org/shade', concept: { system: COLOURS, code: 'light' } },
                source: 'http://example.org/ConceptMap/to-colour|1',
              },
            ],
          },
          text,
        );
      }
    });

    it('goes backwards', async () => {
      const { body } = await client.get(`${at}?system=${COLOURS}&code=grey&reverse=true`);
      assert.deepEqual(valuesOf(body).match, {
        equivalence: 'narrower',
        concept: { system: ANIMALS, code: 'whale' },
        source: 'http://example.org/ConceptMap/to-colour|1',
      });
    });

    it('needs what a match depends on', async () => {
      const without = await client.get(`${at}?system=${ANIMALS}&code=dog`);
      assert.deepEqual(valuesOf(without.body), { result: false, message: `No translation of ${ANIMALS}|dog` });
      const dependency = [
        { name: 'element', valueUri: 'http://example.org/breed' },
        { name: 'concept', valueCodeableConcept: { coding: [{ system: 'http://example.org/breeds', code: 'boxer' }] } },
      ];
      const given = await client.post(
        at,
        parameters({ 'code:Code': 'dog', 'system:Uri': ANIMALS, 'dependency:part': [dependency] }),
      );
      assert.equal(valuesOf(given.body).match?.concept.code, 'brown', given.text);
    });

    it('says so where a code is mapped to nothing', async () => {
      const { body } = await client.get(`${at}?system=${ANIMALS}&code=dodo`);
      const { result, match } = valuesOf(body);
      assert.deepEqual([result, match.equivalence], [false, 'unmatched']);
    });

    const unmapped: readonly [mode: string, rule: Record<string, unknown>, expected: unknown][] = [
      ['provided', { mode: 'provided' }, ['equal', { system: COLOURS, code: 'bird' }]],
      [
        'fixed',
        { mode: 'fixed', code: 'none', display: 'None' },
        ['inexact', { system: COLOURS, code: 'none', display: 'None' }],
      ],
      [
        'other-map',
        { mode: 'other-map', url: 'http://hl7.org/fhir/ConceptMap/cm-administrative-gender-v3' },
        undefined,
      ],
    ];
    for (const [mode, rule, expected] of unmapped) {
      it(`knows what to do with unmapped codes: ${mode}`, async () => {
        const [group] = toColour.group as [Record<string, unknown>];
        const map = { ...toColour, group: [{ ...group, unmapped: rule }] };
        const { body, text } = await client.post(
          '/ConceptMap/$translate',
          parameters({ 'conceptMap:resource': map, 'code:Code': 'bird', 'system:Uri': ANIMALS }),
        );
        const { match } = valuesOf(body);
        assert.deepEqual(match && [match.equivalence, match.concept], expected, text);
      });
    }

    it('uses the published maps, and another map for what one does not hold', async () => {
      const genders = await client.get(
        `/ConceptMap/$translate?url=http://hl7.org/fhir/ConceptMap/cm-administrative-gender-v3&system=${GENDER}&code=male`,
      );
      assert.equal(valuesOf(genders.body).match?.concept.code, 'M', genders.text);
      const map = {
        ...toColour,
        group: [
          {
            source: GENDER,
            target: COLOURS,
            element: [{ code: 'x' }],
            unmapped: { mode: 'other-map', url: 'http://hl7.org/fhir/ConceptMap/cm-administrative-gender-v3' },
          },
        ],
      };
      const { body, text } = await client.post(
        '/ConceptMap/$translate',
        parameters({ 'conceptMap:resource': map, 'code:Code': 'male', 'system:Uri': GENDER }),
      );
      assert.equal(valuesOf(body).match?.concept.code, 'M', text);
    });

    const refused: readonly [title: string, path: string, issues: string][] = [
      ['a code without a system', `${at}?code=dog`, '400 required@system'],
      ['no map at all', `/ConceptMap/$translate?system=${ANIMALS}&code=dog`, '400 required@'],
      [
        'an unknown map',
        `/ConceptMap/$translate?url=http://example.org/none&system=${ANIMALS}&code=dog`,
        '404 not-found@url',
      ],
      ['an instance that is not there', `/ConceptMap/none/$translate?system=${ANIMALS}&code=dog`, '404 not-found@'],
    ];
    for (const [title, path, issues] of refused) {
      it(`refuses ${title}`, async () => {
        assert.equal(issuesOf(await client.get(path)), issues);
      });
    }
  });

  describe('$closure', () => {
    const closure = (given: Record<string, unknown>) => client.post('/$closure', parameters(given));
    const pairs = ({ body }: Reply): string[] =>
      (body.group ?? []).flatMap(
        (group: { element: { code: string; target: { code: string; equivalence: string }[] }[] }) =>
          group.element.flatMap(({ code, target }) => target.map((one) => `${code} ${one.equivalence} ${one.code}`)),
      );
    const concepts = (...codes: string[]) => ({ 'concept:Coding': codes.map((code) => ({ system: ANIMALS, code })) });

    it('tells what is new, from version to version', async () => {
      const name = { 'name:String': 'my patients / 1' };
      const begun = await closure(name);
      assert.deepEqual([begun.status, begun.body.version, pairs(begun)], [200, '0', []]);
      const first = await closure({ ...name, ...concepts('dog', 'mammal', 'bird') });
      assert.deepEqual([first.body.version, pairs(first)], ['1', ['dog subsumes mammal']]);
      const second = await closure({ ...name, ...concepts('animal', 'dog') });
      assert.deepEqual(
        [second.body.version, pairs(second).sort()],
        ['2', ['bird subsumes animal', 'dog subsumes animal', 'mammal subsumes animal']],
      );
      const nothing = await closure({ ...name, ...concepts('dog') });
      assert.deepEqual([nothing.body.version, pairs(nothing)], ['2', []]);
      const since = await closure({ ...name, 'version:String': '0' });
      assert.equal(pairs(since).length, 4);
      const again = await closure(name);
      assert.deepEqual([again.body.version, pairs(await closure({ ...name, 'version:String': '0' }))], ['0', []]);
    });

    it('is there after a restart', async () => {
      await closure({ 'name:String': 'kept' });
      await closure({ 'name:String': 'kept', ...concepts('dog', 'mammal') });
      const other = await startTestServer('again', { database });
      try {
        const reply = await createFhirClient(other.base).post(
          '/$closure',
          parameters({ 'name:String': 'kept', 'version:String': '0' }),
        );
        assert.deepEqual(pairs(reply), ['dog subsumes mammal'], reply.text);
      } finally {
        await other.close();
      }
    });

    it('loses nothing where many add at once', async () => {
      const name = { 'name:String': 'busy' };
      await closure(name);
      await Promise.all(
        ['animal', 'mammal', 'dog', 'whale', 'bird'].map((code) => closure({ ...name, ...concepts(code) })),
      );
      const all = await closure({ ...name, 'version:String': '0' });
      assert.equal(all.body.version, '5', all.text);
      assert.equal(pairs(all).length, 6);
    });

    const refused: readonly [title: string, given: Record<string, unknown>, issues: string][] = [
      ['a table that was not begun', { 'name:String': 'unheard of', ...concepts('dog') }, '404 not-found@name'],
      ['an unknown code', { 'name:String': 'x', ...concepts('cat') }, '400 code-invalid@concept[0]'],
      [
        'an unknown system',
        { 'name:String': 'x', 'concept:Coding': { system: 'http://x.org', code: '1' } },
        '404 not-found@concept[0]',
      ],
      ['a table without a name', concepts('dog'), "400 required@Parameters.parameter.where(name = 'name')"],
    ];
    for (const [title, given, issues] of refused) {
      it(`refuses ${title}`, async () => {
        assert.equal(issuesOf(await closure(given)), issues);
      });
    }

    it('refuses a version that is not yet', async () => {
      await closure({ 'name:String': 'young' });
      assert.equal(issuesOf(await closure({ 'name:String': 'young', 'version:String': '7' })), '400 value@version');
    });
  });

  it('makes what is posted count at once', async () => {
    const url = 'http://example.org/CodeSystem/fresh';
    const system = {
      resourceType: 'CodeSystem',
      id: 'fresh',
      url,
      status: 'active',
      content: 'complete',
      concept: [{ code: 'one' }],
    };
    await client.put('/CodeSystem/fresh', system);
    const ask = async (code: string) =>
      valuesOf((await client.get(`/CodeSystem/$validate-code?url=${url}&code=${code}`)).body).result;
    assert.deepEqual([await ask('one'), await ask('two')], [true, false]);
    await client.put('/CodeSystem/fresh', { ...system, concept: [{ code: 'two' }] });
    assert.deepEqual([await ask('one'), await ask('two')], [false, true]);
  });
});
