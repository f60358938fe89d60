// The test server with a guard at its door: test tokens, limits on the real Redis, an audit log in a folder of its own.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLimits } from '../../src/fhir/auth/limits/index.ts';
import { ratesFrom } from '../../src/fhir/auth/limits/rates.ts';
import type { AccessToken } from '../../src/fhir/auth/tokens.ts';
import { createAddressOf } from '../../src/platform/client-address/client-address.ts';
import { rates } from '../../src/platform/config/parse.ts';
import { connectRedis } from '../../src/platform/redis/connect.ts';
import { redisUrl } from './engines.ts';
import { createFhirClient, type FhirClient, withHeaders } from './fhir-client.ts';
import { startTestServer, type TestServer, type TestServerOptions } from './server.ts';
import { type TestTokens, testTokens } from './tokens.ts';

export interface GuardedServer extends TestServer {
  tokens: TestTokens;
  /** where the audit log's files are */
  folder: string;
  auditKey: Buffer;
  /** a client with a token that says this; nobody's where it is undefined */
  as(says: Partial<AccessToken> | undefined, headers?: Record<string, string>): FhirClient;
}

export interface GuardedOptions extends Omit<TestServerOptions, 'guard' | 'audit'> {
  /** RATE_LIMITS */
  limits?: string;
  folder?: string;
  auditKey?: Buffer;
  sync?: 'interval' | 'always';
  retentionDays?: number;
}

export async function startGuardedServer(name: string, options: GuardedOptions = {}): Promise<GuardedServer> {
  const { limits: changed = 'standard=none,anonymous=none', sync = 'interval', retentionDays } = options;
  const { auditKey = randomBytes(32), folder = mkdtempSync(join(tmpdir(), 'wardgate-audit-')) } = options;
  const tokens = testTokens();
  const redis = await connectRedis(await redisUrl());
  const limits = createLimits({
    redis,
    prefix: `test-${randomBytes(4).toString('hex')}`,
    rates: ratesFrom(rates(changed)),
    logger: { warn: () => undefined, info: () => undefined },
  });
  const server = await startTestServer(name, {
    ...options,
    guard: { verify: tokens.verify, limits, addressOf: createAddressOf(['127.0.0.1']) },
    audit: { folder, key: auditKey, sync, ...(retentionDays !== undefined && { retentionDays }) },
  });
  return {
    ...server,
    tokens,
    folder,
    auditKey,
    as(says, headers = {}) {
      const own = says === undefined ? headers : { authorization: `Bearer ${tokens.of(says)}`, ...headers };
      return withHeaders(createFhirClient(server.base), own);
    },
    async close() {
      await server.close();
      await limits.close();
      redis.disconnect();
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
