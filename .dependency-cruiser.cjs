// The layers of the house (docs/adr/0000-layers.md). `npm run check` fails on a violation, and on an empty cruise.
const only = (name, pkg, home) => ({
  name,
  severity: 'error',
  from: { path: '^src', pathNot: home },
  to: { path: `node_modules/${pkg}(/|$)|^${pkg}$` },
});
const ban = (name, from, to, toNot) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: toNot ? { path: to, pathNot: toNot } : { path: to },
});
const contribution = '\\.(operation|search-type|job|hook|rule)\\.ts$';

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    ban('platform-is-the-ground', '^src/platform', '^src/(?!platform)'),
    ban('model-is-pure', '^src/fhir/model', '.', '^src/fhir/model|node_modules/fhirpath'),
    ban('engine-ignores-the-hospital', '^src/fhir', '^src/(domain|web|cli)'),
    ban('search-thinks', '^src/fhir/search', '^src/(platform|fhir/(storage/mongo|http|operations|auth))'),
    ban('storage-acts', '^src/fhir/storage', '^src/fhir/(?!storage|model|definitions)'),
    ban('http-is-the-roof', '^src/fhir/(?!http)', '^src/fhir/http'),
    ban('wards-are-strangers', '^src/domain/([^/]+)/', '^src/domain/', '^src/domain/($1|shared)/'),
    ban('one-door-to-the-engine', '^src/domain', '^src/fhir', '^src/fhir/(index\\.ts|model/)'),
    { name: 'contributions-are-leaves', severity: 'error', from: { path: '^src', pathNot: '^src/fhir/search/types/index\\.ts$' }, to: { path: contribution } },
    only('mongo-behind-storage', 'mongodb', '^src/(platform|fhir/storage/mongo|main\\.ts)'),
    only('express-behind-http', 'express', '^src/(main\\.ts|app\\.ts|fhir/http|web)'),
    only('redis-and-queue-below', '(ioredis|bull)', '^src/platform/(redis|queue)'),
    only('models-of-accounts-and-clients', 'mongoose', '^src/(platform/mongo|fhir/auth)'),
    only('mail-below', 'nodemailer', '^src/platform/mail'),
    only('oauth-library-behind-oauth', '(oidc-provider|openid-client|jose)', '^src/fhir/auth/oauth'),
    only('templates-of-pages-and-mail', 'eta', '^src/(web|fhir/auth/accounts/mails\\.ts)'),
    only('gemini-behind-ai', '@google/(genai|generative-ai)', '^src/domain/ai'),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
