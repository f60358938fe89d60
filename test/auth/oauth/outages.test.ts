// What goes on and what does not while Redis or MongoDB is away.
import assert from 'node:assert/strict';
import { MongoClient } from 'mongodb';
import * as client from 'openid-client';
import type { FhirError } from '../../../src/fhir/model/errors.ts';
import { sleep } from '../../../src/platform/clock/clock.ts';
import { aSubject } from '../../support/accounts.ts';
import { cuttable } from '../../support/cuttable.ts';
import { freshDatabase, mongodbUri, redisUrl } from '../../support/engines.ts';
import { startTestOauth } from '../../support/oauth.ts';
import { CALLBACK, createSmartApp } from '../../support/smart-app.ts';
import { createVisitor } from '../../support/visitor.ts';

const subject = aSubject();

describe('the authorization server', () => {
  it('without Redis checks, makes, refreshes and ends tokens; nobody signs in, and is told to come back', async () => {
    const line = await cuttable(await redisUrl());
    const oauth = await startTestOauth('without_redis', { redisUrl: line.url });
    oauth.accounts.add({ id: 'd1' });
    await oauth.clients.register({
      client_id: 'my-app',
      redirect_uris: [CALLBACK],
      token_endpoint_auth_method: 'none',
    });
    const app = await createSmartApp(oauth, 'my-app');
    const tokens = await app.launch({ scope: 'offline_access user/*.rs' }, { id: 'd1' });
    line.cut();
    await sleep(100);

    await oauth.tokens.verify(tokens.access_token);
    const again = await client.refreshTokenGrant(app.config, tokens.refresh_token!);
    const own = await oauth.tokens.issue(subject);
    await oauth.tokens.refresh(own.refreshToken);
    await oauth.tokens.endAllOf('d1');
    await assert.rejects(async () => oauth.tokens.verify(again.access_token), { kind: 'login' });

    const { url } = await app.begin({ scope: 'user/*.rs' });
    const page = await createVisitor(oauth.root).open(url.href);
    assert.match(page.url, /error=temporarily_unavailable/);

    line.mend();
    await sleep(2500);
    assert.equal((await app.launch({ scope: 'user/*.rs' }, { id: 'd1' })).scope, 'user/*.rs');
    await oauth.close();
    await line.close();
  });

  for (const how of ['cut', 'silence'] as const) {
    it(`without Redis registers no app whose address cannot be counted, says so soon, and does it afterwards (${how})`, async () => {
      const line = await cuttable(await redisUrl());
      const oauth = await startTestOauth('registration_without_redis', {
        redisUrl: line.url,
        registration: { policy: 'open' },
        limits: 'anonymous=none',
      });
      const clients = (): Promise<number> => oauth.db.collection('oauth_clients').countDocuments();
      const register = (): Promise<Response> =>
        fetch(`${oauth.root}/oauth/register`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none' }),
        });
      assert.equal((await register()).status, 201);
      line[how]();
      const began = performance.now();
      const refused = await register();
      assert.ok(performance.now() - began < 20_000);
      assert.deepEqual(
        [
          refused.status,
          refused.headers.get('retry-after'),
          refused.headers.get('cache-control'),
          await refused.json(),
        ],
        [
          503,
          '5',
          'no-store',
          {
            error: 'temporarily_unavailable',
            error_description: 'This cannot be counted at the moment and so cannot be done; try again soon',
          },
        ],
      );
      assert.equal(await clients(), 1, 'nothing is left of what was refused');
      line.mend();
      let again = await register();
      for (let tries = 0; again.status === 503 && tries < 100; tries++) {
        await sleep(100);
        again = await register();
      }
      assert.equal(again.status, 201);
      assert.equal(await clients(), 2);
      await oauth.close();
      await line.close();
    });
  }

  it('without MongoDB lets nobody in whose token may have ended meanwhile', async () => {
    const fresh = await freshDatabase('without_mongodb');
    const line = await cuttable(await mongodbUri());
    const url = new URL(line.url);
    url.searchParams.delete('replicaSet');
    url.searchParams.set('directConnection', 'true');
    const own = await new MongoClient(url.href, { serverSelectionTimeoutMS: 500 }).connect();
    const oauth = await startTestOauth('without_mongodb', {
      database: { client: own, db: own.db(fresh.db.databaseName), drop: async () => undefined },
    });
    oauth.accounts.add({ id: 'd1' });
    const { accessToken } = await oauth.tokens.issue(subject);
    await oauth.tokens.verify(accessToken);
    line.cut();
    const cutAt = performance.now();
    // for a moment what is known is believed
    assert.equal((await oauth.tokens.verify(accessToken)).account, 'd1');
    await sleep(3700);
    await assert.rejects(
      async () => oauth.tokens.verify(accessToken),
      (error: FhirError) => error.kind === 'transient',
    );
    assert.ok(performance.now() - cutAt < 20_000);
    line.mend();
    for (;;) {
      const isGood = await Promise.resolve(accessToken)
        .then(oauth.tokens.verify)
        .then(
          () => true,
          () => false,
        );
      if (isGood) break;
      assert.ok(performance.now() - cutAt < 20_000);
      await sleep(100);
    }
    await oauth.close();
    await own.close();
    await line.close();
    await fresh.drop();
  });
});
