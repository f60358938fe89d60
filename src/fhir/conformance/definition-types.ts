// Which resources are named by a canonical URL, and by which. https://hl7.org/fhir/R4/references.html#canonical
import type { Definitions } from '../definitions/definitions.ts';
import type { Resource } from '../model/resource.ts';

/** Types that can be searched by url and version, and NamingSystem, which R4 gives no url. */
export function definitionTypes(definitions: Definitions): ReadonlySet<string> {
  const isCanonical = (type: string): boolean => {
    const parameters = definitions.searchParameters(type);
    return (
      definitions.type(type)?.elements.get('url')?.type === 'uri' && parameters.has('url') && parameters.has('version')
    );
  };
  return new Set(definitions.resourceTypes.filter((type) => type === 'NamingSystem' || isCanonical(type)));
}

/** as THO spells https://hl7.org/fhir/extensions/StructureDefinition-artifact-url.html */
const NAMING_SYSTEM_URL = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-NamingSystem.url';

interface Named {
  url?: unknown;
  extension?: readonly { url?: string; valueUri?: string }[];
  uniqueId?: readonly { type?: string; value?: string }[];
}

/** A NamingSystem is found by every identifier that it explains, and by the url of later releases. */
export function urlsOf(resource: object): string[] {
  const { url, extension = [], uniqueId = [] } = resource as Named;
  if (typeof url === 'string') return [url];
  const named = extension.find((one) => one.url === NAMING_SYSTEM_URL)?.valueUri;
  const identified = uniqueId.map(({ type, value = '' }) =>
    type === 'oid' ? `urn:oid:${value.replace(/^urn:oid:/, '')}` : value,
  );
  return [...new Set([named ?? '', ...identified])].filter((one) => one !== '' && !/\s/.test(one));
}

export const versionOf = ({ version }: Resource): { version?: string } =>
  typeof version === 'string' ? { version } : {};
