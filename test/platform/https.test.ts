// HTTPS by configuration: a whole server with TLS_CERT and TLS_KEY, or behind a proxy that has them.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/platform/config/config.ts';
import { createLogger } from '../../src/platform/logger/logger.ts';
import { startServer } from '../../src/server.ts';
import { certify } from '../support/certificate.ts';
import { freshDatabase, mongodbUri, redisUrl } from '../support/engines.ts';

describe('a server', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'wardgate-https-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** the answer to each path: status and Strict-Transport-Security */
  async function answersOf(settings: Record<string, string>, ca?: Buffer): Promise<Record<string, unknown>> {
    const { db, drop } = await freshDatabase('https');
    const uri = new URL(await mongodbUri());
    uri.pathname = `/${db.databaseName}`;
    const config = readConfig({
      AUTH: 'on',
      PORT: '0',
      SEED: 'none',
      MONGODB_URI: uri.href,
      REDIS_URL: await redisUrl(),
      DATA_DIR: folder,
      ...settings,
    });
    const server = await startServer(config, createLogger({ level: 'error', format: 'text' }), { onLost: assert.fail });
    const get = (path: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const url = new URL(path, server.base);
        const request = url.protocol === 'https:' ? https.get(url, { ca }) : http.get(url);
        request.on('error', reject).on('response', (response) => {
          response.resume();
          resolve(`${response.statusCode} ${response.headers['strict-transport-security']}`);
        });
      });
    try {
      const paths = ['/fhir/metadata', '/fhir/Patient', '/fhir/.well-known/smart-configuration', '/healthz', '/none'];
      return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await get(path)])));
    } finally {
      await server.close();
      await drop();
    }
  }

  const all = (hsts: string | undefined) => ({
    '/fhir/metadata': `200 ${hsts}`,
    '/fhir/Patient': `401 ${hsts}`,
    '/fhir/.well-known/smart-configuration': `200 ${hsts}`,
    '/healthz': `200 ${hsts}`,
    '/none': `404 ${hsts}`,
  });
  const YEAR = 'max-age=31536000';

  it('with TLS_CERT and TLS_KEY speaks HTTPS, and tells browsers to stay with it whatever they asked', async function () {
    const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    try {
      certify('127.0.0.1', files);
    } catch {
      this.skip();
    }
    const answers = await answersOf({ TLS_CERT: files.cert, TLS_KEY: files.key }, readFileSync(files.cert));
    assert.deepEqual(answers, all(YEAR));
  });

  it('behind a proxy that speaks HTTPS tells so as well', async () => {
    assert.deepEqual(await answersOf({ BASE_URL: 'https://hospital.example/fhir' }), all(YEAR));
  });

  it('without HTTPS makes no such promise', async () => {
    assert.deepEqual(await answersOf({}), all(undefined));
  });
});
