import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHealth } from '../../../../src/fhir/http/health.ts';

describe('health', () => {
  let ping: () => Promise<unknown> = async () => {};
  let pingRedis: () => Promise<unknown> = async () => {};
  let isStopping = false;
  const health = createHealth({ ping: () => ping(), pingRedis: () => pingRedis(), isStopping: () => isStopping });
  const server = http.createServer((req, res) => health[req.url as '/healthz' | '/readyz'](req, res));
  const ask = async (path: string) => {
    const reply = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
    return `${reply.status} ${(await reply.text()).trim()}`;
  };

  before((done) => void server.listen(0, '127.0.0.1', done));
  after((done) => void server.close(done));
  beforeEach(() => {
    ping = async () => {};
    pingRedis = async () => {};
    isStopping = false;
  });

  it('is alive and ready while the store answers', async () => {
    assert.equal(await ask('/healthz'), '200 ok');
    assert.equal(await ask('/readyz'), '200 ready');
  });

  it('is alive but not ready when the store does not answer', async () => {
    ping = () => Promise.reject(new Error('connection refused to 10.0.0.7'));
    assert.equal(await ask('/readyz'), '503 the database does not answer');
    ping = () => new Promise(() => {});
    assert.equal(await ask('/readyz'), '503 the database does not answer');
    assert.equal(await ask('/healthz'), '200 ok');
  });

  it('stays ready without Redis, because data is still read and written, and says so', async () => {
    pingRedis = () => new Promise(() => {});
    assert.equal(await ask('/readyz'), '200 ready, but Redis does not answer: nobody can sign in');
    ping = () => Promise.reject(new Error('gone'));
    assert.equal(await ask('/readyz'), '503 the database does not answer');
  });

  it('is not ready while it stops', async () => {
    isStopping = true;
    assert.equal(await ask('/readyz'), '503 stopping');
  });
});
