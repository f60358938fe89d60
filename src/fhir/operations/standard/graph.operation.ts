// [type]/[id]/$graph: the resource and all that a GraphDefinition leads to. https://hl7.org/fhir/R4/resource-operation-graph.html
import type { ResourceGraphInput, ResourceGraphOutput } from '../../../generated/operation-io.ts';
import { subsetOf } from '../../interactions/subset.ts';
import { writeBundle } from '../../interactions/write-bundle.ts';
import { stringifyJson } from '../../model/json.ts';
import { outcomeOf } from '../../model/outcome.ts';
import { nameOf } from '../../model/references.ts';
import { answerWith, defineOperation } from '../operation.ts';
import { findGraph, followGraph } from './graph.ts';
import { need } from './stored.ts';

export default defineOperation<ResourceGraphInput, ResourceGraphOutput>({
  definition: 'Resource-graph',
  needs: ['*.rs', 'GraphDefinition.r'],
  async run({ graph: text }, context) {
    const { target, engine, call, store } = context;
    const { type, id } = target as { type: string; id: string };
    await need(store, type, id);
    const graph = await findGraph(context, text, type);
    const { matches, warnings } = await followGraph(context, graph, { type, id });
    const outcome = {
      resource: Buffer.from(JSON.stringify(outcomeOf(warnings))),
      rest: { search: { mode: 'outcome' } },
    };
    const body = writeBundle({
      type: 'searchset',
      lastUpdated: engine.now(),
      total: 1,
      links: [{ relation: 'self', url: `${call.base}/${type}/${id}/$graph?graph=${encodeURIComponent(text)}` }],
      entries: [
        ...matches.map((match, index) => {
          const shown = subsetOf(engine.definitions, call.query, match.bytes);
          return {
            fullUrl: `${call.base}/${nameOf(match)}`,
            resource: Buffer.isBuffer(shown) ? shown : Buffer.from(stringifyJson(shown)),
            rest: { search: { mode: index === 0 ? 'match' : 'include' } },
          };
        }),
        ...(warnings.length === 0 ? [] : [outcome]),
      ],
    });
    return answerWith({ status: 200, body });
  },
});
