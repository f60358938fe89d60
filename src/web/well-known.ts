/** below the FHIR base, but not FHIR: http://hl7.org/fhir/smart-app-launch/conformance.html#using-well-known */
export const isWellKnown = (url: string, fhirPath: string): boolean => url.startsWith(`${fhirPath}/.well-known/`);
