import assert from 'node:assert/strict';
import { isLoopback, readConfig, readServerConfig } from '../../../src/platform/config/config.ts';
import { StartError } from '../../../src/platform/start-error.ts';

const refusal = (environment: Record<string, string>): StartError => {
  try {
    readServerConfig(environment);
  } catch (error) {
    assert.ok(error instanceof StartError);
    return error;
  }
  throw new Error('was accepted');
};

describe('settings', () => {
  it('have defaults that make a private server of the demo hospital', () => {
    const config = readConfig({ CACHE_DIR: '/tmp' });
    assert.equal(config.port, 3000);
    assert.equal(config.host, '127.0.0.1');
    assert.equal(config.seed, 'demo');
    assert.equal(config.auth, 'on');
    assert.equal(config.maxResourceBytes, 15 * 1024 * 1024);
    assert.equal(config.mongodbUri, undefined);
    assert.deepEqual(config.corsOrigins, []);
  });

  const right: [name: string, text: string, key: keyof ReturnType<typeof readConfig>, value: unknown][] = [
    ['PORT', ' 8080 ', 'port', 8080],
    ['PORT', '', 'port', 3000],
    ['MAX_BUNDLE_BYTES', '2gb', 'maxBundleBytes', 2 * 1024 ** 3],
    ['MAX_BUNDLE_BYTES', '1000', 'maxBundleBytes', 1000],
    ['BASE_URL', 'https://fhir.example.org/fhir/', 'baseUrl', 'https://fhir.example.org/fhir'],
    ['TIME_ZONE', 'Asia/Kolkata', 'timeZone', 'Asia/Kolkata'],
    ['CORS_ORIGINS', 'https://a.example, https://b.example', 'corsOrigins', ['https://a.example', 'https://b.example']],
    ['CHECK_REFERENCES', 'on', 'checkReferences', true],
    ['MONGODB_CACHE_GB', '0.5', 'mongodbCacheGb', 0.5],
    ['MONGODB_URI', 'mongodb://a,b,c/hospital?replicaSet=rs', 'mongodbUri', 'mongodb://a,b,c/hospital?replicaSet=rs'],
  ];
  for (const [name, text, key, value] of right) {
    it(`reads ${name}=${JSON.stringify(text)}`, () => {
      assert.deepEqual(readConfig({ [name]: text })[key], value);
    });
  }

  const wrong: [name: string, text: string, says: RegExp][] = [
    ['PORT', 'http', /^Wrong setting: PORT="http" must be a whole number from 0 to 65535\.$/],
    ['PORT', '70000', /PORT/],
    ['SEED', 'all', /SEED="all" must be demo or none/],
    ['TIME_ZONE', 'Mars/Base', /TIME_ZONE="Mars\/Base" must be a time zone name/],
    ['MAX_BUNDLE_BYTES', '1TB', /MAX_BUNDLE_BYTES="1TB" must be a size/],
    ['BASE_URL', 'fhir.example.org', /BASE_URL/],
    ['BASE_URL', 'https://fhir.example.org/fhir?x=1', /BASE_URL/],
    ['CHECK_REFERENCES', 'maybe', /must be on or off/],
    ['AUTH', 'maybe', /on or off/],
    ['APP_REGISTRATION', 'token', /needs APP_REGISTRATION_TOKEN/],
    ['HOST', '0.0.0.0', /BASE_URL must say/],
    ['NODE_ENV', 'production', /needs SMTP_URL/],
    ['SMTP_URL', 'smtp://mail.example', /SMTP_URL needs MAIL_FROM/],
    ['TLS_CERT', '/cert.pem', /TLS_CERT and TLS_KEY are set together/],
  ];
  for (const [name, text, says] of wrong) {
    it(`refuses ${name}=${text} in one line, with exit code 2`, () => {
      const { message, exitCode } = refusal({ [name]: text });
      assert.match(message, says);
      assert.equal(message.includes('\n'), false);
      assert.equal(exitCode, 2);
    });
  }

  it('ask no command for what only a server needs', () => {
    const config = readConfig({
      NODE_ENV: 'production',
      HOST: '0.0.0.0',
      APP_REGISTRATION: 'token',
      TLS_CERT: '/cert.pem',
      SMTP_URL: 'smtp://mail.example',
    });
    assert.equal(config.host, '0.0.0.0');
    assert.throws(() => readConfig({ PORT: 'x' }), /PORT/);
  });

  it('never shows a secret in a refusal', () => {
    const { message } = refusal({ MONGODB_URI: 'http://user:hunter2@db/' });
    assert.match(message, /MONGODB_URI must be/);
    assert.doesNotMatch(message, /hunter2/);
  });

  it('names all wrong settings at once', () => {
    assert.match(refusal({ PORT: 'x', SEED: 'y' }).message, /PORT.*; SEED/);
  });

  it('listens beyond this machine only where that is asked for', () => {
    const found = { HOST: '0.0.0.0', BASE_URL: 'https://hospital.example/fhir' };
    assert.equal(readServerConfig(found).host, '0.0.0.0');
    assert.throws(() => readServerConfig({ ...found, BASE_URL: '' }), /BASE_URL must say/);
    assert.throws(() => readServerConfig({ ...found, AUTH: 'off' }), /would open every record.* ALLOW_INSECURE=1/);
    assert.equal(readServerConfig({ HOST: '0.0.0.0', AUTH: 'off', ALLOW_INSECURE: '1' }).host, '0.0.0.0');
    assert.deepEqual(
      ['127.0.0.1', '127.8.8.8', '::1', '[::1]', 'localhost', '0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.org'].map(
        isLoopback,
      ),
      [true, true, true, true, true, false, false, false, false],
    );
  });
});
