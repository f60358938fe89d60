// Our own extensions, all defined in profiles/.
import type { Extension } from 'fhir/r4.js';

export const DEFINITIONS = 'https://wardgate.dev/fhir/StructureDefinition';

interface Extensible {
  extension?: Extension[] | undefined;
}

export const extensionOf = (element: Extensible | undefined, url: string): Extension | undefined =>
  element?.extension?.find((extension) => extension.url === url);

/** The element's extensions with this one in place of those of the same url. */
export const withExtension = ({ extension = [] }: Extensible, added: Extension): Extension[] => [
  ...extension.filter(({ url }) => url !== added.url),
  added,
];
