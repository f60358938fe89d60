// Search keys made again on request, at once or in the background.
import assert from 'node:assert/strict';
import { credentialFor } from '../../src/cli/credential.ts';
import { askServer } from '../../src/cli/reindex.ts';
import { sleep } from '../../src/platform/clock/clock.ts';
import { readConfig } from '../../src/platform/config/config.ts';
import { StartError } from '../../src/platform/start-error.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';
import { createFhirClient, type FhirClient, issueOf } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

describe('$reindex', () => {
  let database: FreshDatabase;
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    database = await freshDatabase('reindex');
    server = await startTestServer('reindex', { database });
    client = createFhirClient(server.base);
    for (let index = 0; index < 450; index += 50)
      await client.post('', {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: Array.from({ length: 50 }, (_, at) => ({
          resource: { resourceType: 'Patient', id: `p${index + at}`, name: [{ family: `F${index + at}` }] },
          request: { method: 'PUT', url: `Patient/p${index + at}` },
        })),
      });
    await client.put('/Basic/b', {
      resourceType: 'Basic',
      id: 'b',
      code: { coding: [{ code: 'x', display: 'Headache' }] },
    });
  });
  after(async () => {
    await server.close();
    await database.drop();
  });

  /** as a restore gone wrong would leave it */
  const lose = async (): Promise<void> => {
    await database.db.collection('Patient').updateMany({}, { $unset: { s: 1, g: 1, sn: 1 } });
    await database.db.collection('Basic').updateMany({}, { $unset: { k: 1 } });
    assert.equal((await client.get('/Patient?family=F7')).body.total, 0);
  };

  it('repairs the keys of every type, and leaves versions as they are', async () => {
    await lose();
    const before = (await client.get('/Patient/p7')).text;
    const { status, body } = await client.post('/$reindex');
    assert.equal(status, 200);
    assert.ok(body.parameter[0].valueUnsignedInt >= 451, JSON.stringify(body));
    assert.equal((await client.get('/Patient?family=F7&_total=accurate')).body.total, 11);
    assert.equal((await client.get('/Basic?code=x')).body.total, 1);
    assert.equal((await client.get('/Patient/p7')).text, before);
  });

  it('makes again what is derived from the resources and was dropped beside them', async () => {
    await database.db.dropCollection('codes');
    await database.db.collection('Patient').dropIndex('s_1');
    assert.equal((await client.get('/Basic?code:text=headache')).body.total, 0);
    assert.equal((await client.post('/$reindex')).status, 200);
    assert.equal((await client.get('/Basic?code:text=headache')).body.total, 1);
    const names = (await database.db.collection('Patient').indexes()).map(({ name }) => name);
    assert.ok(names.includes('s_1'), names.join());
    assert.ok((await database.db.collection('codes').indexes()).length > 1);
  });

  it('is of one type where it is called on one, or where types are named', async () => {
    await lose();
    assert.equal((await client.post('/Basic/$reindex')).body.parameter[0].valueUnsignedInt, 1);
    assert.equal((await client.get('/Basic?code=x')).body.total, 1);
    assert.equal((await client.get('/Patient?family=F7')).body.total, 0);
    const parameter = [{ name: 'type', valueCode: 'Patient' }];
    assert.equal((await client.post('/$reindex', { resourceType: 'Parameters', parameter })).status, 200);
    assert.ok((await client.get('/Patient?family=F7')).body.total > 0);
  });

  it('is what the command asks a running server for', async () => {
    const nobody = credentialFor(readConfig({ WARDGATE_TOKEN: 'not looked at' }), server.base);
    await lose();
    const { documents, failed } = await askServer(server.base, ['Patient'], nobody);
    assert.deepEqual([documents, failed], [450, []]);
    assert.ok((await client.get('/Patient?family=F7')).body.total > 0);
    assert.equal((await client.get('/Basic?code=x')).body.total, 0);
    const refusal = (error: Error) => error instanceof StartError && error.message === "There is no type 'Patent'";
    await assert.rejects(askServer(server.base, ['Patent'], nobody), refusal);
    await assert.rejects(askServer('http://127.0.0.1:1/fhir', [], nobody), /does not answer at/);
    assert.ok((await askServer(server.base, [], nobody)).documents >= 451);
    assert.equal((await client.get('/Basic?code=x')).body.total, 1);
  });

  it('refuses types that are none, and GET', async () => {
    const parameter = [{ name: 'type', valueCode: 'Patent' }];
    const refused = await client.post('/$reindex', { resourceType: 'Parameters', parameter });
    assert.equal(issueOf(refused), "code-invalid at Parameters.parameter.where(name = 'type')[0].value");
    assert.equal((await client.get('/$reindex')).status, 405);
  });

  it('runs in the background on request, tells how far it is, and can be cancelled', async () => {
    await lose();
    const started = await client.post('/$reindex', undefined, { prefer: 'respond-async' });
    assert.equal(started.status, 202, started.text);
    const address = started.headers.get('content-location')!;
    for (let tries = 0; ; tries++) {
      const { status, headers, body } = await client.get(address);
      if (status === 200) {
        assert.ok(body.parameter[0].valueUnsignedInt >= 451);
        break;
      }
      assert.ok(headers.get('x-progress'));
      assert.ok(tries < 400);
      await sleep(25);
    }
    assert.ok((await client.get('/Patient?family=F7')).body.total > 0);
    const again = await client.post('/Patient/$reindex', undefined, { prefer: 'respond-async' });
    const other = again.headers.get('content-location')!;
    assert.equal((await client.delete(other)).status, 202);
    assert.equal((await client.get(other)).status, 404);
  });
});
