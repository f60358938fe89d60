// PATCH [base]/[type]/[id] with a JSON Patch, an XML Patch or a FHIRPath Patch, told apart by Content-Type.
// https://hl7.org/fhir/R4/http.html#patch
import type { Definitions } from '../definitions/definitions.ts';
import { readXml } from '../formats/xml-read.ts';
import { FhirError, gone, notFound } from '../model/errors.ts';
import { parseJson } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { applyFhirPathPatch } from '../patch/fhirpath-patch.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import { applyXmlPatch, readXmlPatch } from '../patch/xml-patch.ts';
import type { Answer, Call, Engine, Interaction } from './call.ts';
import { readIfMatch } from './headers.ts';
import { untilNotOutrun } from './outrun.ts';
import type { InteractionParts } from './parts.ts';
import { refuseIssues, type Validate } from './resource-body.ts';
import { saveUpdate } from './update.ts';

export const createPatch =
  ({ engine, validate }: InteractionParts): Interaction<'patch'> =>
  (call, { type, id }) =>
    patchOne(engine, validate, call, type, id);

/**
 * Reads, patches and writes under the version that was read. Where somebody else wrote in between, the patch is applied again to
 * what that made, unless If-Match says which version is meant.
 */
export async function patchOne(
  engine: Engine,
  validate: Validate,
  call: Call,
  type: string,
  id: string,
): Promise<Answer> {
  if (call.body === undefined) throw new FhirError('required', 'A patch is expected in the body');
  const ifMatch = readIfMatch(call);
  const apply = readPatch(call, engine.definitions);
  return untilNotOutrun(call, async () => {
    const current = await call.store.read(type, id);
    if (current === undefined) throw notFound(type, id);
    if (current.bytes === null) throw gone(type, id, current.version);
    if (typeof ifMatch === 'number' && ifMatch !== current.version) {
      throw new FhirError('precondition', `${type}/${id} is at version ${current.version}, not ${ifMatch}`);
    }
    const patched = apply(parseJson(current.bytes) as Resource);
    refuseIssues(validate(patched, { type }));
    return saveUpdate(engine, call, { ...patched, id }, current.version, 'PATCH');
  });
}

/** The patch, read once and applied as often as somebody else is faster. A body of bytes is of the format its Content-Type says. */
function readPatch({ headers, body }: Call, definitions: Definitions): (resource: Resource) => Resource {
  const type = headers['content-type']?.toLowerCase() ?? '';
  if (!Buffer.isBuffer(body)) {
    const isJsonPatch = headers['content-type'] === undefined ? Array.isArray(body) : type.includes('json-patch');
    return (resource) => (isJsonPatch ? applyJsonPatch(resource, body) : applyFhirPathPatch(resource, body));
  }
  if (type.includes('xml-patch')) {
    const patch = readXmlPatch(body);
    return (resource) => applyXmlPatch(resource, patch, definitions);
  }
  const value = type.includes('xml') ? readXml(body, definitions) : parseJson(body);
  return (resource) =>
    type.includes('json-patch') ? applyJsonPatch(resource, value) : applyFhirPathPatch(resource, value);
}
