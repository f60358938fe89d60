// What the handler does with errors that are nobody's fault but ours.
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCanonicals } from '../../../../src/fhir/conformance/create-canonicals.ts';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { createFhirHandler } from '../../../../src/fhir/http/handler.ts';
import { defaultHttpSettings } from '../../../../src/fhir/http/settings.ts';
import type { Dispatch } from '../../../../src/fhir/interactions/call.ts';
import type { Store } from '../../../../src/fhir/storage/store.ts';
import { createTerminology } from '../../../../src/fhir/terminology/create-terminology.ts';
import { createProfileValidator } from '../../../../src/fhir/validation/profiles/validator.ts';
import { createValidator } from '../../../../src/fhir/validation/validate.ts';

describe('an unexpected error', () => {
  const lines: { level: string; message: string; fields?: Record<string, unknown> }[] = [];
  const at =
    (level: string) =>
    (message: string, fields: Record<string, unknown> = {}): void =>
      void lines.push({ level, message, fields });
  const dispatch: Dispatch = async () => {
    throw new Error('password of the database', { cause: new Error('deeper') });
  };
  const definitions = loadDefinitions();
  const canonicals = createCanonicals({ sources: [] });
  const terminology = createTerminology({ canonicals, maxExpansion: 100, now: Date.now });
  const handle = createFhirHandler({
    engine: {
      definitions,
      canonicals,
      terminology,
      validator: createProfileValidator({
        definitions,
        canonicals,
        terminology,
        validate: createValidator(definitions),
      }),
      now: Date.now,
      settings: {
        baseUrl: undefined,
        checkReferences: false,
        validationProfiles: 'off',
        validationEnforced: [],
        validationInvariants: false,
        refuseDeleteOfReferenced: false,
        maxResourceBytes: 1000,
        maxBundleBytes: 1000,
        defaultPageSize: 20,
        maxPageSize: 100,
        timeZone: 'UTC',
      },
    },
    store: {} as Store,
    dispatch,
    logger: { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') },
    settings: { ...defaultHttpSettings, base: 'https://ehr.example.org/fhir' },
  });
  const server = http.createServer(handle);
  before((done) => void server.listen(0, '127.0.0.1', done));
  after((done) => void server.close(done));

  it('answers 500 and shows the correlation id alone; the log has the cause', async () => {
    const { port } = server.address() as AddressInfo;
    const reply = await fetch(`http://127.0.0.1:${port}/fhir/Patient/secret`, { headers: { 'x-request-id': 'r-500' } });
    const text = await reply.text();
    assert.equal(reply.status, 500);
    assert.match(text, /"code":"exception","diagnostics":"[^"]*r-500"/);
    assert.doesNotMatch(text, /password|deeper/);
    const [line] = lines.filter(({ level }) => level === 'error');
    assert.equal(line?.fields?.id, 'r-500');
    assert.match(String(line?.fields?.error), /password of the database[\s\S]*caused by Error: deeper/);
    assert.doesNotMatch(JSON.stringify(line), /secret/);
  });
});
