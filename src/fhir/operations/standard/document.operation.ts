// Composition/[id]/$document and Composition/$document?id=. https://hl7.org/fhir/R4/composition-operation-document.html
// One command for the composition, then one for each type in each level of references.
import type { CompositionDocumentInput, CompositionDocumentOutput } from '../../../generated/operation-io.ts';
import { FhirError } from '../../model/errors.ts';
import { parseJson } from '../../model/json.ts';
import { localName, nameOf } from '../../model/references.ts';
import { ID } from '../../model/resource.ts';
import { answerWith, defineOperation, type OperationContext } from '../operation.ts';
import { directlyReferred, transitivelyReferred } from './document.ts';
import { documentOf } from './document-bundle.ts';
import { findGraph, followGraph } from './graph.ts';
import { contentOf, findByName, need } from './stored.ts';

export default defineOperation<CompositionDocumentInput, CompositionDocumentOutput>({
  definition: 'Composition-document',
  needs: ['*.rs'],
  async run({ id: text, persist = false, graph: named }, context) {
    const { store, call, now } = context;
    if (persist && call.method !== 'POST') {
      throw new FhirError('method-not-allowed', 'persist=true stores a Bundle, so it needs POST', {
        expression: 'persist',
        headers: { Allow: 'POST' },
      });
    }
    const id = idOf(text, context);
    await need(store, 'Composition', id);
    const [composition] = await findByName(store, [{ type: 'Composition', id }]);
    const direct = await directlyReferred(context, composition!);
    const others =
      named === undefined
        ? await transitivelyReferred(context, composition!, direct)
        : await alongGraph(context, named, id);
    const all = new Map([composition!, ...direct, ...others].map((match) => [nameOf(match), match]));
    const document = documentOf([...all.values()].map(contentOf), { base: call.base, now: now() });
    type Document = CompositionDocumentOutput['return'];
    if (!persist) return { return: document as never as Document };
    const written = await store.write({ kind: 'create', type: 'Bundle', resource: document });
    const { version, lastUpdated } = written;
    const location = `Bundle/${written.id}/_history/${version}`;
    return answerWith({
      status: 201,
      location,
      version,
      lastUpdated,
      output: { return: parseJson(written.bytes!) as Document },
    });
  },
});

function idOf(text: string | undefined, { target, call }: OperationContext): string {
  const refuse = (kind: 'required' | 'invalid' | 'not-supported' | 'value', message: string): never => {
    throw new FhirError(kind, message, { expression: 'id' });
  };
  if (target.id !== undefined) {
    if (text !== undefined) refuse('invalid', 'id has no place here: the address names the composition already');
    return target.id;
  }
  if (text === undefined) return refuse('required', 'Which composition? Give id');
  const name = localName(text, call.base);
  if (name?.type === 'Composition') return name.id;
  if (name === undefined && ID.test(text)) return text;
  if (/^https?:/.test(text)) return refuse('not-supported', `${text} is not of this server`);
  return refuse('value', `'${text}' is not the id of a Composition`);
}

/** A document has no place for what the graph demands and is not there: it is refused instead. */
async function alongGraph(context: OperationContext, text: string, id: string) {
  const { matches, warnings } = await followGraph(context, await findGraph(context, text, 'Composition'), {
    type: 'Composition',
    id,
  });
  if (warnings.length > 0) {
    const issues = warnings.map((issue) => ({ ...issue, severity: 'error' as const, expression: 'graph' }));
    throw new FhirError('business-rule', 'The document would not be as the graph demands', { issues });
  }
  return matches;
}
