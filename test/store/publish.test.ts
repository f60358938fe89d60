import assert from 'node:assert/strict';
import { loadDefinitions } from '../../src/fhir/definitions/load.ts';
import { profilesOf } from '../../src/fhir/definitions/profiles.ts';
import type { Engine } from '../../src/fhir/interactions/call.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { publishProfiles } from '../../src/fhir/operations/publish.ts';
import { anEngine, type EngineOfTest } from '../support/an-engine.ts';
import { anOperationDefinition } from '../support/an-operation-definition.ts';

describe('what is in profiles/', () => {
  let test: EngineOfTest;
  const engine = { definitions: loadDefinitions(), now: Date.now, settings: { timeZone: 'UTC' } } as Engine;
  before(async () => {
    test = await anEngine('publish');
  });
  after(() => test.drop());

  const publish = (...resources: Resource[]): Promise<void> =>
    publishProfiles(test.store, profilesOf(resources), engine);
  const version = async (id: string): Promise<number | undefined> =>
    (await test.store.read('OperationDefinition', id))?.version;

  it('can be read and searched', async () => {
    await publish(anOperationDefinition({ id: 'a' }), anOperationDefinition({ id: 'b' }));
    assert.equal((await test.send('GET', 'OperationDefinition/a')).body.code, 'weigh');
    assert.equal((await test.send('GET', 'OperationDefinition?code=weigh')).body.entry.length, 2);
  });

  it('is written again only where it changed', async () => {
    await publish(anOperationDefinition({ id: 'a', title: 'New' }), anOperationDefinition({ id: 'b' }));
    assert.deepEqual([await version('a'), await version('b')], [2, 1]);
  });

  it('goes when its file goes; what users added stays', async () => {
    const mine = anOperationDefinition({ id: 'mine' });
    await test.store.write({ kind: 'update', type: 'OperationDefinition', id: 'mine', resource: mine });
    await publish(anOperationDefinition({ id: 'a', title: 'New' }));
    const statuses = await Promise.all(
      ['a', 'b', 'mine'].map(async (id) => (await test.send('GET', `OperationDefinition/${id}`)).status),
    );
    assert.deepEqual(statuses, [200, 410, 200]);
  });
});
