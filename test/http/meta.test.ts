// https://hl7.org/fhir/R4/resource-operation-meta.html
import assert from 'node:assert/strict';
import { issueOf, type Reply } from '../support/fhir-client.ts';
import { countByStatus, type Hospital, openHospital, sentenceOf } from '../support/hospital.ts';

const label = (code: string, system = 'http://x.example/tags') => ({ system, code });
const metaOf = (reply: Reply) => reply.body.parameter?.[0]?.valueMeta;
const asParameters = (meta: unknown) => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'meta', valueMeta: meta }],
});

describe('$meta', () => {
  let hospital: Hospital;
  before(async () => {
    hospital = await openHospital('meta');
    await hospital.have({
      resourceType: 'Patient',
      id: 'p1',
      meta: { tag: [label('a')], profile: ['http://x.example/p|1'] },
    });
    await hospital.have({
      resourceType: 'Patient',
      id: 'p1',
      active: true,
      meta: { tag: [label('b')], security: [label('R', 'http://x.example/security')] },
    });
    await hospital.have({
      resourceType: 'Patient',
      id: 'p2',
      meta: { tag: [label('b', 'http://y.example/tags'), label('c')] },
    });
    await hospital.have({ resourceType: 'Patient', id: 'p3', meta: { tag: [label('b')] } });
    await hospital.have({
      resourceType: 'Observation',
      id: 'o1',
      status: 'final',
      code: { text: 'x' },
      meta: { tag: [label('d')] },
    });
  });
  after(() => hospital.close());

  it('tells the meta of a resource and of a version', async () => {
    const { body } = await hospital.get('/Patient/p1');
    const reply = await hospital.get('/Patient/p1/$meta');
    assert.deepEqual(metaOf(reply), body.meta, reply.text);
    const first = await hospital.get('/Patient/p1/_history/1/$meta');
    assert.deepEqual([metaOf(first).versionId, metaOf(first).tag], ['1', [label('a')]], first.text);
  });

  it('tells what is in use on a type and in the system, current versions only', async () => {
    const codes = (reply: Reply) =>
      metaOf(reply)
        .tag.map(({ system, code }: { system: string; code: string }) => `${system.slice(7, 8)}|${code}`)
        .sort();
    const type = await hospital.get('/Patient/$meta');
    assert.deepEqual(codes(type), ['x|b', 'x|c', 'y|b'], type.text);
    assert.deepEqual(metaOf(type).security, [label('R', 'http://x.example/security')]);
    assert.equal(metaOf(type).profile, undefined);
    const system = await hospital.get('/$meta');
    assert.ok(
      ['x|b', 'x|c', 'x|d', 'y|b'].every((code) => codes(system).includes(code)),
      system.text,
    );
  });

  it('finds every value among thousands of resources that share few', async () => {
    const entry = Array.from({ length: 600 }, (_, number) => ({
      resource: { resourceType: 'Basic', code: { text: 'x' }, meta: { tag: [label(`t${number % 20}`), label('all')] } },
      request: { method: 'POST', url: 'Basic' },
    }));
    await hospital.post('', { resourceType: 'Bundle', type: 'transaction', entry });
    const reply = await hospital.get('/Basic/$meta');
    assert.equal(metaOf(reply).tag.length, 21, reply.text);
  });

  it('answers 404 and 410', async () => {
    await hospital.have({ resourceType: 'Patient', id: 'gone' });
    await hospital.delete('/Patient/gone');
    assert.equal((await hospital.get('/Patient/nobody/$meta')).status, 404);
    assert.equal((await hospital.get('/Patient/gone/$meta')).status, 410);
    assert.equal((await hospital.get('/Patient/gone/_history/1/$meta')).status, 200);
    assert.equal((await hospital.get('/Patient/gone/_history/2/$meta')).status, 410);
    assert.equal((await hospital.get('/Patient/p1/_history/9/$meta')).status, 404);
  });

  describe('/$meta-add and /$meta-delete', () => {
    it('add and delete labels by system and code, in a version of its own', async () => {
      await hospital.have({ resourceType: 'Patient', id: 'm1', meta: { tag: [label('a')] } });
      const added = await hospital.post(
        '/Patient/m1/$meta-add',
        asParameters({ tag: [{ ...label('a'), display: 'A' }, label('z')], profile: ['http://x.example/p'] }),
      );
      assert.deepEqual(metaOf(added).tag, [label('a'), label('z')], added.text);
      assert.deepEqual(
        [added.status, metaOf(added).versionId, metaOf(added).profile],
        [200, '2', ['http://x.example/p']],
      );
      assert.equal(added.headers.get('etag'), 'W/"2"');
      const deleted = await hospital.post('/Patient/m1/$meta-delete', {
        meta: { tag: [label('z'), label('never')], profile: ['http://x.example/p'] },
      });
      assert.deepEqual(
        [metaOf(deleted).versionId, metaOf(deleted).tag, metaOf(deleted).profile],
        ['3', [label('a')], undefined],
        deleted.text,
      );
      assert.equal((await hospital.get('/Patient?_tag=http://x.example/tags|z&_id=m1')).body.total, 0);
      assert.equal((await hospital.get('/Patient/m1/_history')).body.total, 3);
    });

    it('make no version where nothing changes', async () => {
      await hospital.have({ resourceType: 'Patient', id: 'm2', meta: { tag: [label('a')] } });
      const same = await hospital.post('/Patient/m2/$meta-add', asParameters({ tag: [label('a')] }));
      const none = await hospital.post('/Patient/m2/$meta-delete', asParameters({ security: [label('a')] }));
      assert.deepEqual([metaOf(same).versionId, metaOf(none).versionId], ['1', '1']);
    });

    it('lose nothing when many add at once', async () => {
      await hospital.have({ resourceType: 'Patient', id: 'm3' });
      const codes = Array.from({ length: 8 }, (_, number) => `c${number}`);
      const replies = await Promise.all(
        codes.map((code) => hospital.post('/Patient/m3/$meta-add', asParameters({ tag: [label(code)] }))),
      );
      assert.deepEqual(countByStatus(replies), { 200: 8 });
      const { body } = await hospital.get('/Patient/m3');
      assert.deepEqual(body.meta.tag.map(({ code }: { code: string }) => code).sort(), codes);
    });

    it('are for the current version only, because superseded ones are a record', async () => {
      const current = await hospital.post('/Patient/p1/_history/2/$meta-add', asParameters({ tag: [label('q')] }));
      assert.equal(metaOf(current).versionId, '3', current.text);
      const old = await hospital.post('/Patient/p1/_history/1/$meta-add', asParameters({ tag: [label('q')] }));
      assert.deepEqual([old.status, issueOf(old)], [422, 'business-rule'], sentenceOf(old));
      assert.equal(
        (await hospital.post('/Patient/p1/_history/7/$meta-delete', asParameters({ tag: [label('q')] }))).status,
        404,
      );
    });

    it('say what is wrong with the request', async () => {
      assert.equal(issueOf(await hospital.post('/Patient/p1/$meta-add', {})), 'required at meta');
      assert.equal((await hospital.get('/Patient/p1/$meta-add')).status, 405);
      assert.equal(
        (await hospital.post('/Patient/nobody/$meta-delete', asParameters({ tag: [label('q')] }))).status,
        404,
      );
      const stale = await hospital.post('/Patient/p1/$meta-add', asParameters({ tag: [label('w')] }), {
        'if-match': 'W/"1"',
      });
      assert.deepEqual([stale.status, issueOf(stale)], [412, 'conflict']);
    });
  });
});
