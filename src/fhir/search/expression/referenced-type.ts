// The type that a reference points at, told from the reference alone: `resolve() is Patient` without reading anything.
// https://hl7.org/fhir/R4/references.html#literal
import type { Resource } from '../../model/resource.ts';

interface Reference {
  reference?: unknown;
  type?: unknown;
}

/** `Patient/1`, `http://server/fhir/Patient/1/_history/2`, `Patient?identifier=1`, and canonicals with version and fragment */
const TYPED = /(?:^|\/)([A-Z][A-Za-z]+)(?:\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[^/]+)?(?:[|#].*)?$|\?)/;

/** `value` is a Reference, or the text of a uri or canonical; `root` holds the contained resources. */
export function referencedType(value: unknown, root: Resource): string | undefined {
  if (typeof value === 'string') return typeOfText(value, root);
  const { reference, type } = value as Reference;
  const told = typeof reference === 'string' ? typeOfText(reference, root) : undefined;
  if (told !== undefined || typeof type !== 'string') return told;
  return type.slice(type.lastIndexOf('/') + 1);
}

function typeOfText(text: string, root: Resource): string | undefined {
  if (text.charCodeAt(0) === 0x23) return containedType(text.slice(1), root);
  return TYPED.exec(text)?.[1];
}

/** `#` alone speaks of the container itself. */
function containedType(id: string, root: Resource): string | undefined {
  if (id === '') return root.resourceType;
  const contained = Array.isArray(root.contained) ? (root.contained as Resource[]) : [];
  return contained.find((resource) => resource?.id === id)?.resourceType;
}
