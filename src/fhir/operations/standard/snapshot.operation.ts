// StructureDefinition/$snapshot. https://hl7.org/fhir/R4/structuredefinition-operation-snapshot.html
import type {
  StructureDefinitionSnapshotInput,
  StructureDefinitionSnapshotOutput,
} from '../../../generated/operation-io.ts';
import { type StructureDefinition, snapshotOf } from '../../conformance/snapshot.ts';
import { FhirError } from '../../model/errors.ts';
import { parseJson } from '../../model/json.ts';
import { defineOperation, type OperationContext } from '../operation.ts';

type Given = StructureDefinitionSnapshotInput;

export default defineOperation<StructureDefinitionSnapshotInput, StructureDefinitionSnapshotOutput>({
  definition: 'StructureDefinition-snapshot',
  needs: ['StructureDefinition.rs'],
  async run(input, context) {
    const { canonicals } = context.engine;
    const { snapshot, ...definition } = await definitionFor(input, context);
    // there is nothing to make it from: a type that has no base, such as Element, or a profile that came as a snapshot alone
    const { baseDefinition, differential } = definition;
    const isWhole = snapshot !== undefined && (baseDefinition === undefined || differential === undefined);
    const element = isWhole
      ? snapshot.element
      : await snapshotOf(definition as StructureDefinition, {
          find: async (url) => (await canonicals.find('StructureDefinition', url)) as StructureDefinition | undefined,
        });
    const { differential: _differential, ...rest } = definition;
    const whole = { ...rest, snapshot: { element }, ...(differential === undefined ? {} : { differential }) };
    return { return: whole as never as StructureDefinitionSnapshotOutput['return'] };
  },
});

async function definitionFor(
  { definition, url }: Given,
  { target, store, engine }: OperationContext,
): Promise<StructureDefinition> {
  if (target.id !== undefined) {
    const stored = await store.read('StructureDefinition', target.id);
    if (!stored?.bytes) throw new FhirError('not-found', `StructureDefinition/${target.id} does not exist`);
    return parseJson(stored.bytes) as StructureDefinition;
  }
  if (definition !== undefined) return definition as never as StructureDefinition;
  if (url === undefined)
    throw new FhirError('required', 'Give a definition or the url of one', { expression: 'Parameters.parameter' });
  const found = await engine.canonicals.find('StructureDefinition', url);
  if (found === undefined) throw new FhirError('not-found', `No StructureDefinition ${url} is known here`);
  return found as StructureDefinition;
}
