// URIs as codes: any of them. https://hl7.org/fhir/R4/terminologies-systems.html#special-uris
import type { CodeRule } from './rule-source.ts';

const URI = /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]+$/;

export const uris: CodeRule = {
  url: 'urn:ietf:rfc:3986',
  title: 'Uniform Resource Identifiers (RFC 3986)',
  isCaseSensitive: true,
  read: (code) => (URI.test(code) ? { display: code } : undefined),
};
