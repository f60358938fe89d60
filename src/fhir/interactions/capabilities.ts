// GET [base]/metadata https://hl7.org/fhir/R4/http.html#capabilities

import { FhirError } from '../model/errors.ts';
import { stringifyJson } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import type { Interaction } from './call.ts';
import type { InteractionParts } from './parts.ts';

const modes = new Set(['full', 'normative']);

/** The statement changes only with the program, its search parameters and packages, so its bytes are kept; the base in it is that of the request. */
export const createCapabilities = ({
  statement,
  engine: { definitions, canonicals },
}: Pick<InteractionParts, 'statement' | 'engine'>): Interaction<'capabilities'> => {
  let made: { base: string; revision: string; bytes: Buffer } | undefined;
  return async ({ base, query }) => {
    const mode = query.find(([name]) => name === 'mode')?.[1] ?? 'full';
    if (!modes.has(mode)) throw new FhirError('not-supported', `mode=${mode} is not supported; use mode=full`);
    const revision = `${definitions.revision} ${canonicals.revision}`;
    if (made?.base !== base || made.revision !== revision)
      made = { base, revision, bytes: Buffer.from(stringifyJson(statement(base) satisfies Resource)) };
    return { status: 200, body: made.bytes };
  };
};
