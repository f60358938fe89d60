// capability-statement.json: what /metadata answers on a server at its default address. Committed, so that a change of what the
// server can do is seen in a review; a test compares it with the running server.
import { buildCapabilityStatement } from '../../fhir/capabilities/capability-statement.ts';
import type { Definitions } from '../../fhir/definitions/definitions.ts';
import { type Profiles, withProfiles } from '../../fhir/definitions/profiles.ts';
import { readOperationDefinition } from '../../fhir/operations/definition.ts';
import { layOut } from './lay-out.ts';

/** where `npm start` listens when nothing is set */
export const DEFAULT_BASE = 'http://127.0.0.1:3000/fhir';

export function capabilityStatement(published: Definitions, profiles: Profiles, softwareVersion: string): string {
  const definitions = withProfiles(published, profiles);
  const operations = profiles
    .ofType('OperationDefinition')
    .map((resource) => readOperationDefinition(resource, definitions));
  // one line for each fact about a type
  return layOut(buildCapabilityStatement(definitions, operations, { base: DEFAULT_BASE, softwareVersion }), 5);
}
