// Code system supplements: what they say counts where they are asked for, by name or by language, and nowhere else.
// https://hl7.org/fhir/R4/codesystem.html#supplements
import assert from 'node:assert/strict';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { createFhirClient, type FhirClient, type Reply } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { ANIMALS, animals, codesIn, valueSet } from '../unit/fhir/terminology/terminology.ts';

const POLISH = 'http://example.org/CodeSystem/animals-in-polish';
const NEEDS = 'http://hl7.org/fhir/StructureDefinition/valueset-supplement';

const supplement = (id: string, more: Record<string, unknown>): Resource => ({
  resourceType: 'CodeSystem',
  id,
  url: `http://example.org/CodeSystem/${id}`,
  version: '1.0',
  status: 'active',
  content: 'supplement',
  supplements: ANIMALS,
  ...more,
});

const polish = supplement('animals-in-polish', {
  language: 'pl',
  property: [{ code: 'danger', type: 'code', description: 'How much to fear it' }],
  concept: [
    {
      code: 'mammal',
      concept: [
        {
          code: 'dog',
          designation: [{ value: 'Pies domowy' }, { language: 'cs', value: 'Pes' }],
          property: [{ code: 'danger', valueCode: 'low' }],
        },
      ],
    },
    { code: 'whale', display: 'Wieloryb', property: [{ code: 'danger', valueCode: 'none' }] },
    { code: 'unicorn', designation: [{ value: 'Jednorożec' }] },
  ],
});
const ofAnotherVersion = supplement('animals-of-old', {
  supplements: `${ANIMALS}|1.0`,
  concept: [{ code: 'dog', designation: [{ language: 'la', value: 'Canis' }] }],
});

interface Told {
  name: string;
  valueString?: string;
  part?: Record<string, unknown>[];
}

describe('supplements', () => {
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    server = await startTestServer('supplements');
    client = createFhirClient(server.base);
    for (const resource of [{ ...animals, id: 'animals' }, polish, ofAnotherVersion]) {
      const { status, text } = await client.put(`/CodeSystem/${resource.id}`, resource);
      assert.equal(status, 201, text);
    }
  });
  after(() => server.close());

  // biome-ignore lint/suspicious/noExplicitAny: outputs of every shape
  const done = ({ status, body, text }: Reply): any => {
    assert.equal(status, 200, text);
    return body;
  };
  const issueOf = ({ status, body }: Reply): string =>
    [status, body.issue[0].code, body.issue[0].expression ?? ''].join(' ').trim();

  describe('in $lookup', () => {
    /** display, designations and properties, of what the supplement adds */
    async function looked(more: string): Promise<string> {
      const { parameter } = done(await client.get(`/CodeSystem/$lookup?system=${ANIMALS}&code=dog${more}`));
      const texts = parameter.flatMap(({ name, valueString, part = [] }: Told) => {
        const [code, value] = ['code', 'value'].map((wanted) => {
          const found = part.find((one) => one.name === wanted);
          return found && Object.entries(found).find(([key]) => key.startsWith('value'))?.[1];
        });
        if (name === 'display') return [valueString];
        if (name === 'designation') return [value];
        return name === 'property' && code === 'danger' ? [`danger=${value}`] : [];
      });
      return texts.join(', ');
    }
    const rows: readonly [title: string, query: string, texts: string][] = [
      ['say nothing unasked', '', 'Dog, Hund, Chien'],
      ['count as a whole by name', `&useSupplement=${POLISH}`, 'Dog, Pies domowy, Pes, Hund, Chien, danger=low'],
      ['count by name and version', `&useSupplement=${POLISH}|1`, 'Dog, Pies domowy, Pes, Hund, Chien, danger=low'],
      ['count in their language by it', '&displayLanguage=pl', 'Pies domowy, Hund, Chien, Pies domowy'],
      ['count in each of their languages', '&displayLanguage=cs-CZ,cs;q=0.9', 'Pes, Hund, Chien, Pes'],
      ['count by a property of their language', '&property=lang.pl', 'Dog, Pies domowy'],
      ['say nothing of another version', '&displayLanguage=la', 'Dog, Hund, Chien'],
    ];
    for (const [title, query, texts] of rows) {
      it(title, async () => assert.equal(await looked(query), texts));
    }
    it('count by the header, too', async () => {
      const reply = await client.get(`/CodeSystem/$lookup?system=${ANIMALS}&code=whale`, { 'accept-language': 'pl' });
      const display = done(reply).parameter.find(({ name }: { name: string }) => name === 'display');
      assert.equal(display.valueString, 'Wieloryb');
    });
    it('are refused where they are not here', async () => {
      for (const canonical of ['http://example.org/nothing', `${POLISH}|7`, ANIMALS]) {
        const asked = `/CodeSystem/$lookup?system=${ANIMALS}&code=dog&useSupplement=${canonical}`;
        assert.equal(issueOf(await client.get(asked)), '404 not-found useSupplement');
      }
    });
    it('add no codes', async () => {
      const asked = `/CodeSystem/$lookup?system=${ANIMALS}&code=unicorn&useSupplement=${POLISH}`;
      assert.equal(issueOf(await client.get(asked)), '404 not-found code');
    });
  });

  describe('in $expand', () => {
    const all = 'url=http://example.org/ValueSet/all-animals&excludeNested=true';
    const expanded = async (more: string): Promise<Resource> =>
      done(await client.get(`/ValueSet/$expand?${all}${more}`));
    const shown = async (more: string): Promise<string> => {
      const { contains = [] } = (await expanded(more)).expansion as { contains?: { display: string }[] };
      return contains.map(({ display }) => display).join(', ');
    };
    it('give displays in the language asked for', async () => {
      assert.match(await shown('&displayLanguage=pl'), /Mammal, Pies domowy, Wieloryb, Bird/);
      assert.match(await shown(''), /Mammal, Dog, Blue whale, Bird/);
    });
    it('are found by what is typed', async () => {
      assert.equal(await shown('&filter=dom&displayLanguage=pl'), 'Pies domowy');
      assert.equal(await shown('&filter=dom'), '');
      assert.equal(await shown('&filter=dog&displayLanguage=pl'), 'Pies domowy');
      assert.equal(await shown(`&filter=wi&useSupplement=${POLISH}`), 'Blue whale');
    });
    it('are found page by page, each once', async () => {
      const query = `&filter=w&useSupplement=${POLISH}`;
      const { expansion } = await expanded(query);
      assert.deepEqual(codesIn({ resourceType: 'ValueSet', expansion }), ['whale']);
      const both = valueSet('both', { include: [{ system: ANIMALS }] });
      const pages = await Promise.all(
        [0, 1, 2].map(async (offset) =>
          done(await client.post(`/ValueSet/$expand?filter=p&displayLanguage=pl&offset=${offset}&count=1`, both)),
        ),
      );
      assert.deepEqual(pages.map(codesIn), [['dog'], ['platypus'], []]);
      assert.deepEqual(
        pages.map((page) => page.expansion.total),
        [2, 2, 2],
      );
    });
    it('give designations, and are named', async () => {
      const { expansion } = await expanded(`&includeDesignations=true&useSupplement=${POLISH}`);
      const { contains, parameter } = expansion as { contains: Resource[]; parameter: Resource[] };
      const dog = contains.find(({ code }) => code === 'dog') as unknown as { designation: { value: string }[] };
      assert.deepEqual(
        dog.designation.map(({ value }) => value),
        ['Pies domowy', 'Pes', 'Hund', 'Chien'],
      );
      const used = parameter.filter(({ name }) => name === 'used-supplement').map(({ valueUri }) => valueUri);
      assert.deepEqual(used, [`${POLISH}|1.0`]);
      const without = (await expanded('&includeDesignations=true')).expansion as { contains: Resource[] };
      assert.deepEqual(JSON.stringify(without).includes('Pies'), false);
    });
    it('count for a language of designations', async () => {
      const { expansion } = await expanded('&includeDesignations=true&designation=urn:ietf:bcp:47%7Ccs');
      const dog = (expansion as { contains: Resource[] }).contains.find(({ code }) => code === 'dog');
      assert.deepEqual(dog?.designation, [{ language: 'cs', value: 'Pes' }]);
    });
    it('are refused where they are not here', async () => {
      const asked = `/ValueSet/$expand?${all}&useSupplement=http://example.org/nothing`;
      assert.equal(issueOf(await client.get(asked)), '404 not-found useSupplement');
    });
  });

  describe('that a value set needs', () => {
    const needing = (canonical: string, include: Record<string, unknown>): Resource =>
      valueSet(
        'needing',
        { include: [{ system: ANIMALS, ...include }] },
        {
          extension: [{ url: NEEDS, valueCanonical: canonical }],
        },
      );
    const filtered = (op: string, value: string) => ({ filter: [{ property: 'danger', op, value }] });
    const rows: readonly [op: string, value: string, codes: string][] = [
      ['=', 'low', 'dog'],
      ['in', 'low,none', 'dog whale'],
      ['exists', 'true', 'dog whale'],
      ['not-in', 'low', 'animal mammal whale platypus bird dodo'],
      ['exists', 'false', 'animal mammal platypus bird dodo'],
    ];
    for (const [op, value, codes] of rows) {
      it(`have properties to filter by: danger ${op} ${value}`, async () => {
        const valueSetNeeding = needing(POLISH, filtered(op, value));
        const body = done(await client.post('/ValueSet/$expand?excludeNested=true', valueSetNeeding));
        assert.deepEqual(codesIn(body).sort(), codes.split(' ').sort());
        const page = done(await client.post('/ValueSet/$expand?offset=1&count=1', valueSetNeeding));
        assert.deepEqual([codesIn(page), page.expansion.total], [codesIn(body).slice(1, 2), codes.split(' ').length]);
      });
    }
    it('count from the include that names them', async () => {
      const named = valueSet('named', {
        include: [{ system: ANIMALS, ...filtered('=', 'low'), extension: [{ url: NEEDS, valueCanonical: POLISH }] }],
      });
      assert.deepEqual(codesIn(done(await client.post('/ValueSet/$expand', named))), ['dog']);
    });
    it('are no properties where nobody needs them', async () => {
      const unnamed = valueSet('unnamed', { include: [{ system: ANIMALS, ...filtered('=', 'low') }] });
      assert.equal(issueOf(await client.post('/ValueSet/$expand', unnamed)), '400 not-supported');
    });
    it('and that are not here decide nothing', async () => {
      const lost = needing('http://example.org/nothing', { concept: [{ code: 'dog' }] });
      assert.equal(issueOf(await client.post('/ValueSet/$expand', lost)), '422 not-found');
      const parameters = {
        resourceType: 'Parameters',
        parameter: [
          { name: 'valueSet', resource: lost },
          { name: 'coding', valueCoding: { system: ANIMALS, code: 'dog' } },
        ],
      };
      const [result, message] = done(await client.post('/ValueSet/$validate-code', parameters)).parameter;
      assert.deepEqual(
        [result.valueBoolean, message.valueString],
        [false, 'The supplement http://example.org/nothing is not here'],
      );
    });
  });

  describe('in $validate-code', () => {
    const rows: readonly [title: string, query: string, result: boolean][] = [
      ['are no displays unasked', '&display=Pies+domowy', false],
      ['are displays in the language asked for', '&display=pies+domowy&displayLanguage=pl', true],
      ['are no displays in another one', '&display=Pies+domowy&displayLanguage=cs', false],
      ['are displays by name', `&display=Pies+domowy&useSupplement=${POLISH}`, true],
    ];
    for (const [title, query, result] of rows) {
      it(title, async () => {
        const inSystem = await client.get(`/CodeSystem/$validate-code?url=${ANIMALS}&code=dog${query}`);
        const set = 'url=http://example.org/ValueSet/all-animals';
        const inSet = await client.get(`/ValueSet/$validate-code?${set}&system=${ANIMALS}&code=dog${query}`);
        assert.deepEqual(
          [inSystem, inSet].map((reply) => done(reply).parameter[0].valueBoolean),
          [result, result],
        );
      });
    }
    it('are no code systems of their own', async () => {
      for (const asked of [`?url=${POLISH}&code=dog`, `?system=${POLISH}&code=dog`]) {
        const where = asked.startsWith('?url') ? 'CodeSystem' : 'ValueSet';
        const set = where === 'ValueSet' ? '&url=http://example.org/ValueSet/all-animals' : '';
        const { parameter } = done(await client.get(`/${where}/$validate-code${asked}${set}`));
        assert.equal(parameter[0].valueBoolean, false);
        if (where === 'CodeSystem') assert.match(parameter[1].valueString, /is a supplement/);
      }
      const verdict = await server.engine.terminology.validateCode({ system: POLISH, code: 'dog' }, {});
      assert.equal('isUnknown' in verdict, false);
      assert.equal(await server.engine.terminology.codeSystem(POLISH), undefined);
    });
    it('are refused where they are not here', async () => {
      const asked = `/CodeSystem/$validate-code?url=${ANIMALS}&code=dog&useSupplement=http://example.org/nothing`;
      assert.equal(issueOf(await client.get(asked)), '404 not-found useSupplement');
    });
  });

  it('that change count at once', async () => {
    const more = supplement('animals-in-finnish', {
      concept: [{ code: 'dog', designation: [{ language: 'fi', value: 'Koira' }] }],
    });
    const display = async (): Promise<string> => {
      const { parameter } = done(await client.get(`/CodeSystem/$lookup?system=${ANIMALS}&code=dog&displayLanguage=fi`));
      return parameter.find(({ name }: { name: string }) => name === 'display').valueString;
    };
    assert.equal(await display(), 'Dog');
    await client.put('/CodeSystem/animals-in-finnish', more);
    assert.equal(await display(), 'Koira');
    await client.delete('/CodeSystem/animals-in-finnish');
    assert.equal(await display(), 'Dog');
  });
});
