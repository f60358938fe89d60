import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSeal, createSecrets } from '../../src/platform/secrets/secrets.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';

describe('the server keys', () => {
  let fresh: FreshDatabase;
  before(async () => {
    fresh = await freshDatabase('secrets');
  });
  after(() => fresh.drop());

  it('are the same for all processes, though many ask first', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => createSecrets({ db: fresh.db }).key('codes')));
    assert.equal(new Set(keys.map((key) => key.toString('hex'))).size, 1);
    assert.equal(keys[0]?.length, 32);
  });

  it('are different for each purpose', async () => {
    const secrets = createSecrets({ db: fresh.db });
    assert.notDeepEqual(await secrets.key('codes'), await secrets.key('mail'));
  });

  it('come from SERVER_SECRET where there is one, and nothing is kept then', async () => {
    const { db, drop } = await freshDatabase('secrets');
    try {
      const of = (secret: string): Promise<Buffer> => createSecrets({ db, secret }).key('codes');
      assert.deepEqual(await of('a'), await of('a'));
      assert.notDeepEqual(await of('a'), await of('b'));
      assert.deepEqual(await db.listCollections().toArray(), []);
    } finally {
      await drop();
    }
  });
});

describe('a seal', () => {
  const key = randomBytes(32);

  it('opens what was closed with its key', () => {
    assert.equal(createSeal(key).open(createSeal(key).close('Grüße 123456')), 'Grüße 123456');
  });

  it('says the same thing differently each time', () => {
    const { close } = createSeal(key);
    assert.notEqual(close('a'), close('a'));
  });

  it('does not open what was changed, or closed with another key', () => {
    const sealed = createSeal(key).close('123456');
    assert.throws(() => createSeal(randomBytes(32)).open(sealed));
    for (let at = 0; at < sealed.length; at += 7) {
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
      assert.throws(() => createSeal(key).open(changed), `changed at ${at}`);
    }
  });
});
