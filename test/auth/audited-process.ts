// A server process with an audit log, for tests that kill it. It is told where its database, its folder and its key are, and says its port.
import { createAddressOf } from '../../src/platform/client-address/client-address.ts';
import { freshDatabase } from '../support/engines.ts';
import { startTestServer } from '../support/server.ts';

const { AUDIT_DATABASE = '', AUDIT_FOLDER = '', AUDIT_KEY = '', AUDIT_SYNC = 'interval' } = process.env;

const { client, drop } = await freshDatabase('unused');
await drop();
const server = await startTestServer('audited', {
  database: { client, db: client.db(AUDIT_DATABASE), drop: async () => undefined },
  guard: {
    verify: (token) => ({
      id: token,
      grant: token,
      account: token,
      client: 'wardgate',
      roles: [],
      organizations: [],
      limits: 'admin',
      expires: Number.MAX_SAFE_INTEGER,
    }),
    limits: { spend: () => undefined },
    addressOf: createAddressOf([]),
  },
  audit: {
    folder: AUDIT_FOLDER,
    key: Buffer.from(AUDIT_KEY, 'hex'),
    sync: AUDIT_SYNC === 'always' ? 'always' : 'interval',
  },
});
console.log(`base ${server.base}`);
process.stdin.resume().on('end', () => process.kill(process.pid, 'SIGKILL'));
