// https://hl7.org/fhir/R4/composition-operation-document.html and https://hl7.org/fhir/R4/resource-operation-graph.html
import assert from 'node:assert/strict';
import { issueOf, type Reply } from '../support/fhir-client.ts';
import { type Hospital, openHospital, sentenceOf } from '../support/hospital.ts';

const namesOf = ({ body }: Reply): string[] =>
  (body.entry ?? []).map(
    ({ resource }: { resource: { resourceType: string; id: string } }) =>
      `${resource.resourceType}/${resource.id ?? ''}`,
  );

describe('documents and graphs', () => {
  let hospital: Hospital;
  const to = (reference: string) => ({ reference });
  const composition = (id: string, more: Record<string, unknown> = {}) => ({
    resourceType: 'Composition',
    id,
    status: 'final',
    type: { text: 'Discharge' },
    subject: to('Patient/p1'),
    date: '2026-01-01',
    author: [to('Practitioner/doc')],
    title: 'Discharge summary',
    ...more,
  });
  before(async () => {
    hospital = await openHospital('document');
    await hospital.have({ resourceType: 'Organization', id: 'org', name: 'City' });
    await hospital.have({ resourceType: 'Practitioner', id: 'doc', name: [{ family: 'House' }] });
    await hospital.have({ resourceType: 'Patient', id: 'p1', managingOrganization: to('Organization/org') });
    await hospital.have({ resourceType: 'Patient', id: 'p2' });
    const observe = (id: string, subject: string, more: Record<string, unknown> = {}) =>
      hospital.have({
        resourceType: 'Observation',
        id,
        status: 'final',
        code: { text: 'x' },
        subject: to(subject),
        ...more,
      });
    await observe('foreign', 'Patient/p2');
    await observe('base', 'Patient/p1');
    await observe('weight', 'Patient/p1', {
      valueQuantity: { value: 61.5 },
      derivedFrom: [to('Observation/base'), to('Observation/foreign'), to('Observation/gone')],
    });
    await hospital.have({ resourceType: 'Condition', id: 'c1', subject: to('Patient/p1') });
    await hospital.have({
      resourceType: 'List',
      id: 'l1',
      status: 'current',
      mode: 'working',
      subject: to('Patient/p1'),
      entry: [{ item: to('Condition/c1') }, { item: to('Observation/foreign') }],
    });
    await hospital.have(
      composition('doc1', {
        section: [{ title: 'A', section: [{ title: 'B', entry: [to('Observation/weight'), to('List/l1')] }] }],
      }),
    );
    await hospital.have(
      composition('broken', {
        section: [{ title: 'A', entry: [to('Observation/none')] }],
        custodian: to('http://elsewhere.example/Organization/1'),
      }),
    );
    await hospital.have({
      resourceType: 'GraphDefinition',
      id: 'g1',
      url: 'http://x.example/GraphDefinition/lists',
      version: '2',
      name: 'Lists',
      status: 'active',
      start: 'Composition',
      link: [
        {
          path: 'Composition.descendants().where($this is Reference)',
          target: [
            {
              type: 'List',
              compartment: [{ use: 'requirement', code: 'Patient', rule: 'identical' }],
              link: [
                {
                  path: 'List.entry.item',
                  min: 2,
                  target: [
                    { type: 'Resource', compartment: [{ use: 'requirement', code: 'Patient', rule: 'identical' }] },
                  ],
                },
              ],
            },
          ],
        },
      ],
    });
    await hospital.have({
      resourceType: 'GraphDefinition',
      id: 'g2',
      name: 'Records',
      status: 'active',
      start: 'Patient',
      link: [
        { path: 'Patient.managingOrganization', target: [{ type: 'Organization' }] },
        {
          target: [
            {
              type: 'Observation',
              params: 'patient={ref}',
              compartment: [{ use: 'condition', code: 'Patient', rule: 'custom', expression: 'derivedFrom.exists()' }],
            },
          ],
        },
      ],
    });
  });
  after(() => hospital.close());

  describe('Composition/$document', () => {
    it('holds the composition, what it names, and what that names, without other patients', async () => {
      const reply = await hospital.get('/Composition/doc1/$document');
      assert.deepEqual(
        namesOf(reply).slice(0, 5),
        ['Composition/doc1', 'Patient/p1', 'Practitioner/doc', 'Observation/weight', 'List/l1'],
        reply.text,
      );
      assert.deepEqual(namesOf(reply).slice(5).sort(), ['Condition/c1', 'Observation/base', 'Organization/org']);
      const { type, identifier, timestamp, entry } = reply.body;
      assert.deepEqual([type, timestamp], ['document', '2026-11-23T08:00:00.000Z']);
      assert.match(identifier.value, /^urn:uuid:/);
      assert.equal(entry[3].fullUrl, `${hospital.base}/Observation/weight`);
      assert.ok(entry.every(({ search }: { search?: unknown }) => search === undefined));
    });

    it('is the same by id on the type, by POST too', async () => {
      for (const reply of [
        await hospital.get('/Composition/$document?id=doc1'),
        await hospital.get(`/Composition/$document?id=${encodeURIComponent(`${hospital.base}/Composition/doc1`)}`),
        await hospital.post('/Composition/$document', { id: 'Composition/doc1' }),
      ])
        assert.equal(namesOf(reply).length, 8, reply.text);
    });

    it('can be stored, by POST', async () => {
      const reply = await hospital.post('/Composition/doc1/$document', { persist: true });
      assert.equal(reply.status, 201, reply.text);
      const { body } = await hospital.get(`/Bundle/${reply.body.id}`);
      assert.deepEqual(body, reply.body);
      assert.equal(reply.headers.get('location'), `${hospital.base}/Bundle/${body.id}/_history/1`);
      assert.equal((await hospital.get('/Bundle?composition=Composition/doc1')).body.entry.length, 1);
      const get = await hospital.get('/Composition/doc1/$document?persist=true');
      assert.deepEqual([get.status, issueOf(get)], [405, 'not-supported at persist']);
    });

    it('follows a graph where one is named, and is refused where the graph demands more', async () => {
      const reply = await hospital.get('/Composition/doc1/$document?graph=http://x.example/GraphDefinition/lists');
      assert.deepEqual([reply.status, issueOf(reply)], [422, 'business-rule at graph'], reply.text);
    });

    it('is refused where the composition names what is not here, all of it told', async () => {
      const reply = await hospital.get('/Composition/broken/$document');
      assert.equal(reply.status, 422);
      assert.deepEqual(
        reply.body.issue.map(
          ({ code, expression }: { code: string; expression: string[] }) => `${code} at ${expression}`,
        ),
        ['not-found at Composition.section[0].entry[0].reference', 'not-supported at Composition.custodian.reference'],
        reply.text,
      );
    });

    const refused: [path: string, status: number, issue: string][] = [
      ['/Composition/none/$document', 404, 'not-found'],
      ['/Composition/doc1/$document?id=doc1', 400, 'invalid at id'],
      ['/Composition/$document', 400, 'required at id'],
      ['/Composition/$document?id=Patient/p1', 400, 'value at id'],
      ['/Composition/$document?id=http://elsewhere.example/Composition/1', 400, 'not-supported at id'],
      ['/Composition/doc1/$document?graph=g2', 400, 'value at graph'],
      ['/Composition/doc1/$document?graph=none', 404, 'not-found at graph'],
      ['/Composition/doc1/$document?graph=http://x.example/none', 404, 'not-found at graph'],
    ];
    for (const [path, status, issue] of refused) {
      it(`refuses ${path}`, async () => {
        const reply = await hospital.get(path);
        assert.deepEqual([reply.status, issueOf(reply)], [status, issue], sentenceOf(reply));
      });
    }
  });

  describe('/$graph', () => {
    for (const graph of [
      'g1',
      'GraphDefinition/g1',
      'http://x.example/GraphDefinition/lists',
      'http://x.example/GraphDefinition/lists|2',
    ]) {
      it(`follows paths under the rules of compartments: ${graph}`, async () => {
        const reply = await hospital.get(`/Composition/doc1/$graph?graph=${graph}`);
        assert.deepEqual(
          namesOf(reply),
          ['Composition/doc1', 'List/l1', 'Condition/c1', 'OperationOutcome/'],
          reply.text,
        );
        const warnings = reply.body.entry[3].resource.issue.map(
          ({ diagnostics }: { diagnostics: string }) => diagnostics,
        );
        assert.deepEqual(warnings, [
          'Observation/foreign is left out: its Patient compartment must be identical',
          'List/l1 leads to 1 by List.entry.item, not to 2..*',
        ]);
        assert.deepEqual(
          reply.body.entry.map(({ search }: { search: { mode: string } }) => search.mode),
          ['match', 'include', 'include', 'outcome'],
        );
      });
    }

    it('follows searches, and conditions choose', async () => {
      const reply = await hospital.post('/Patient/p1/$graph', { graph: 'g2' });
      assert.deepEqual(namesOf(reply).sort(), ['Observation/weight', 'Organization/org', 'Patient/p1'], reply.text);
    });

    const refused: [path: string, status: number, issue: string][] = [
      ['/Patient/p1/$graph', 400, 'required at graph'],
      ['/Patient/p1/$graph?graph=g1', 400, 'value at graph'],
      ['/Patient/nobody/$graph?graph=g2', 404, 'not-found'],
      ['/Patient/p1/$graph?graph=http://x.example/none', 404, 'not-found at graph'],
    ];
    for (const [path, status, issue] of refused) {
      it(`refuses ${path}`, async () => {
        const reply = await hospital.get(path);
        assert.deepEqual([reply.status, issueOf(reply)], [status, issue], sentenceOf(reply));
      });
    }
  });
});
