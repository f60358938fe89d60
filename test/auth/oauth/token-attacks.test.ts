// Access tokens that we did not issue, or not like this: every one is refused, with the same words.
import assert from 'node:assert/strict';
import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
} from 'node:crypto';
import { importJWK, type JWTPayload, SignJWT } from 'jose';
import type { FhirError } from '../../../src/fhir/model/errors.ts';
import { aSubject } from '../../support/accounts.ts';
import { startTestOauth, type TestOauth } from '../../support/oauth.ts';

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('access tokens that are not ours', () => {
  let oauth: TestOauth;
  let good: string;
  before(async () => {
    oauth = await startTestOauth('attacks');
    oauth.accounts.add({ id: 'd1' });
    good = (await oauth.tokens.issue(aSubject())).accessToken;
    await oauth.tokens.verify(good);
  });
  after(() => oauth.close());

  const current = (alg = 'RS256') => oauth.keys.list().find((key) => key.state === 'current' && key.alg === alg)!;
  const claims = (): JWTPayload => JSON.parse(Buffer.from(good.split('.')[1]!, 'base64url').toString());

  const ourKey = () => createPrivateKey({ key: current().jwk as never, format: 'jwk' });

  /** header and payload as they are, with a signature of one's own making */
  const forged = (header: object, signature: (input: string) => string, payload: object = claims()): string => {
    const input = `${base64(header)}.${base64(payload)}`;
    return `${input}.${signature(input)}`;
  };

  /** signed with our own key, as only we can: what is wrong is what the row changes */
  const ours = (changes: Record<string, unknown>, header: Record<string, unknown> = {}): string =>
    forged(
      { alg: 'RS256', typ: 'at+jwt', kid: current().kid, ...header },
      (input) => sign('sha256', Buffer.from(input), ourKey()).toString('base64url'),
      { ...claims(), jti: randomUUID(), ...changes },
    );

  const publicPem = (): string => String(createPublicKey(ourKey()).export({ type: 'spki', format: 'pem' }));

  const seconds = (): number => Math.floor(Date.now() / 1000);
  const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

  const rows: Record<string, () => string | Promise<string>> = {
    'of the algorithm none': () => forged({ alg: 'none', typ: 'at+jwt', kid: current().kid }, () => ''),
    'of the algorithm None': () => forged({ alg: 'None', typ: 'at+jwt', kid: current().kid }, () => ''),
    'without a signature': () => `${good.split('.').slice(0, 2).join('.')}.`,
    'signed by HS256 with our public key as the secret (PEM)': () =>
      forged({ alg: 'HS256', typ: 'at+jwt', kid: current().kid }, (input) =>
        createHmac('sha256', publicPem()).update(input).digest('base64url'),
      ),
    'signed by HS256 with our public key as the secret (JWK)': () =>
      forged({ alg: 'HS256', typ: 'at+jwt', kid: current().kid }, (input) =>
        createHmac('sha256', JSON.stringify({ kty: 'RSA', n: current().jwk.n, e: current().jwk.e }))
          .update(input)
          .digest('base64url'),
      ),
    'signed by PS256 with our key': () =>
      forged({ alg: 'PS256', typ: 'at+jwt', kid: current().kid }, (input) =>
        sign('sha256', Buffer.from(input), {
          key: ourKey(),
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: 32,
        }).toString('base64url'),
      ),
    'signed by our key for ID tokens (ES384)': async () => {
      const { jwk, kid } = current('ES384');
      return new SignJWT(claims())
        .setProtectedHeader({ alg: 'ES384', typ: 'at+jwt', kid })
        .sign(await importJWK(jwk, 'ES384'));
    },
    'signed by a key of one’s own under our kid': () =>
      new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: current().kid }).sign(otherKey),
    'that bring their own key (jwk)': () =>
      new SignJWT(claims())
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', jwk: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } })
        .sign(otherKey),
    'that name where their key is (jku)': () =>
      new SignJWT(claims())
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'k', jku: 'http://127.0.0.1:1/jwks' })
        .sign(otherKey),
    'that name where their certificate is (x5u)': () =>
      new SignJWT(claims())
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'k', x5u: 'http://127.0.0.1:1/x' } as never)
        .sign(otherKey),
    'that name where their key is, under our kid': () =>
      new SignJWT(claims())
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: current().kid, jku: 'http://127.0.0.1:1/jwks' })
        .sign(otherKey),
    'with an address as kid': () => ours({}, { kid: 'http://127.0.0.1:1/jwks' }),
    'without kid': () => ours({}, { kid: undefined }),
    'with an unknown kid': () => ours({}, { kid: 'unknown' }),
    'with a path as kid': () => ours({}, { kid: '../../../../dev/null' }),
    'with a query as kid': () => ours({}, { kid: "' OR 1=1 --" }),
    'with an object of the prototype as kid': () => ours({}, { kid: '__proto__' }),
    'with an object as kid': () => ours({}, { kid: { $ne: null } }),
    'with a critical header that we do not know': () => ours({}, { crit: ['b64x'], b64x: 1 }),
    'of another type (JWT)': () => ours({}, { typ: 'JWT' }),
    'of no type': () => ours({}, { typ: undefined }),
    'for another audience': () => ours({ aud: 'https://other.example/fhir' }),
    'for no audience': () => ours({ aud: undefined }),
    'from another issuer': () => ours({ iss: 'https://other.example/oauth' }),
    'that have expired': () => ours({ exp: seconds() - 1 }),
    'that never expire': () => ours({ exp: undefined }),
    'that are not valid yet': () => ours({ nbf: seconds() + 60 }),
    'without a client': () => ours({ client_id: undefined }),
    'without a grant': () => ours({ gid: undefined }),
    'whose roles are no list': () => ours({ roles: 'admin' }),
    'with a changed claim': () => {
      const [header, , signature] = good.split('.');
      return `${header}.${base64({ ...claims(), roles: ['admin'] })}.${signature}`;
    },
    'with a changed signature': () => {
      const at = good.length - 20;
      return good.slice(0, at) + (good[at] === 'A' ? 'B' : 'A') + good.slice(at + 1);
    },
    'with a signature of another token': () => `${good.split('.').slice(0, 2).join('.')}.${ours({}).split('.')[2]}`,
    'with five parts': () => `${good}.a.b`,
    'that are longer than any of ours': () => ours({ padding: 'x'.repeat(9000) }),
    'that are an ID token': async () => {
      const { jwk, kid } = current();
      return new SignJWT({
        sub: 'd1',
        iss: `${oauth.root}/oauth`,
        aud: oauth.base,
        exp: seconds() + 60,
        iat: seconds(),
      })
        .setProtectedHeader({ alg: 'RS256', kid })
        .sign(await importJWK(jwk, 'RS256'));
    },
    'that are empty': () => '',
  };

  for (const [name, make] of Object.entries(rows)) {
    it(`are refused: ${name}`, async () => {
      const token = await make();
      await assert.rejects(
        async () => oauth.tokens.verify(token),
        (error: FhirError) =>
          error.kind === 'login' && /^The access token (is not valid|has expired)$/.test(error.message),
      );
    });
  }

  it('are refused, while the one they were made from is good', async () => {
    assert.equal((await oauth.tokens.verify(good)).account, 'd1');
    assert.equal((await oauth.tokens.verify(ours({}))).account, 'd1');
  });

  it('of a third party have no right at all without scopes', async () => {
    const token = await oauth.tokens.verify(ours({ client_id: 'some-app' }));
    assert.deepEqual(token.scopes, []);
  });
});
