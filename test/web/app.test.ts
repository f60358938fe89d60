// The pages outside FHIR: health for balancers, and the first page for people.
import assert from 'node:assert/strict';
import request from 'supertest';
import { createHealth } from '../../src/fhir/http/health.ts';
import { createWebApp } from '../../src/web/app.ts';

describe('outside /fhir', () => {
  let isStopping = false;
  let ping = async (): Promise<unknown> => 'pong';
  const app = createWebApp({
    health: createHealth({ ping: () => ping(), pingRedis: async () => 'pong', isStopping: () => isStopping }),
    fhirPath: '/fhir',
    version: '1.2.3',
  });
  afterEach(() => {
    isStopping = false;
    ping = async () => 'pong';
  });

  it('is alive whatever the database does', async () => {
    ping = () => Promise.reject(new Error('gone'));
    await request(app).get('/healthz').expect(200, 'ok\n');
  });

  it('is ready when the engines answer', () => request(app).get('/readyz').expect(200, 'ready\n'));

  it('is not ready when an engine does not answer', () => {
    ping = () => Promise.reject(new Error('gone'));
    return request(app).get('/readyz').expect(503, 'the database does not answer\n');
  });

  it('is not ready while it stops, so that a balancer sends no more', () => {
    isStopping = true;
    return request(app).get('/readyz').expect(503, 'stopping\n');
  });

  it('shows people where FHIR is, without scripts', async () => {
    const { text, headers } = await request(app).get('/').expect(200).expect('Content-Type', /html/);
    assert.match(text, /href="\/fhir\/metadata"/);
    assert.match(text, /1\.2\.3/);
    assert.match(headers['content-security-policy'] ?? '', /default-src 'none'/);
    assert.doesNotMatch(text, /<script/);
  });

  it('shows people the doors where they sign in, and says that there are none where nobody does', async () => {
    const doors = createWebApp({ health: {}, fhirPath: '/fhir', version: '1.2.3', addPages: () => undefined });
    const { text } = await request(doors).get('/').expect(200);
    for (const path of ['/account', '/account/register', '/admin']) assert.ok(text.includes(`href="${path}"`), path);
    assert.doesNotMatch(text, /AUTH=off/);
    await request(app)
      .get('/')
      .expect(200, /AUTH=off/);
  });

  it('says where to look for what it has not', () =>
    request(app)
      .get('/Patient/1')
      .expect(404, /FHIR service is at \/fhir/));
});
