// Search keys made again: POST [base]/$reindex and [base]/[type]/$reindex
import type { ResourceReindexInput, ResourceReindexOutput } from '../../generated/operation-io.ts';
import { FhirError } from '../model/errors.ts';
import type { MongoStore } from '../storage/mongo/index.ts';
import { defineOperation } from './operation.ts';

const MOST_NAMED = 100;

export default defineOperation<ResourceReindexInput, ResourceReindexOutput>({
  definition: 'Resource-reindex',
  needs: ['*.u'],
  async: 'allowed',
  async run({ type: asked = [] }, { target, engine, parts, progress, signal }) {
    const types = target.type === undefined ? asked : [target.type];
    for (const [index, type] of types.entries())
      if (!engine.definitions.resourceTypes.includes(type))
        throw new FhirError('code-invalid', `There is no type '${type}'`, {
          expression: `Parameters.parameter.where(name = 'type')[${index}].value`,
        });
    const { documents, failed } = await (parts.reextract as MongoStore['reextract'])({
      ...(types.length > 0 && { types: [...new Set(types)] }),
      all: true,
      signal,
      progress: ({ type, done, all }) => progress(`${type} ${done}/${all}`),
    });
    return { indexed: documents, ...(failed.length > 0 && { failed: failed.slice(0, MOST_NAMED) }) };
  },
});
