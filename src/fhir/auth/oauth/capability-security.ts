// What the CapabilityStatement says of sign-in, for clients of before the well-known document.
// http://hl7.org/fhir/smart-app-launch/1.0.0/conformance/index.html
import type { Addresses } from './addresses.ts';
import { routes } from './addresses.ts';

const SMART_SERVICE = {
  system: 'http://terminology.hl7.org/CodeSystem/restful-security-service',
  code: 'SMART-on-FHIR',
};
const OAUTH_URIS = 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris';

export const capabilitySecurity = ({ issuer }: Addresses): object => ({
  extension: [
    {
      url: OAUTH_URIS,
      extension: [
        { url: 'authorize', valueUri: `${issuer}${routes.authorization}` },
        { url: 'token', valueUri: `${issuer}${routes.token}` },
        { url: 'introspect', valueUri: `${issuer}${routes.introspection}` },
        { url: 'revoke', valueUri: `${issuer}${routes.revocation}` },
      ],
    },
  ],
  cors: true,
  service: [{ coding: [SMART_SERVICE], text: 'OAuth 2.0 by SMART App Launch' }],
});
