// GET [base]/metadata https://hl7.org/fhir/R4/http.html#capabilities

import { FhirError } from '../model/errors.ts';
import { stringifyJson } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import type { Interaction } from './call.ts';
import type { InteractionParts } from './parts.ts';

const modes = new Set(['full', 'normative']);

/** The statement changes only with the program, so its bytes are made once; the base in it is that of the request. */
export const createCapabilities = ({ statement }: Pick<InteractionParts, 'statement'>): Interaction<'capabilities'> => {
  let made: { base: string; bytes: Buffer } | undefined;
  return async ({ base, query }) => {
    const mode = query.find(([name]) => name === 'mode')?.[1] ?? 'full';
    if (!modes.has(mode)) throw new FhirError('not-supported', `mode=${mode} is not supported; use mode=full`);
    if (made?.base !== base) made = { base, bytes: Buffer.from(stringifyJson(statement(base) satisfies Resource)) };
    return { status: 200, body: made.bytes };
  };
};
