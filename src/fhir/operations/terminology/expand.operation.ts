// ValueSet/$expand. https://hl7.org/fhir/R4/valueset-operation-expand.html
import type { ValueSetExpandInput, ValueSetExpandOutput } from '../../../generated/operation-io.ts';
import { FhirError } from '../../model/errors.ts';
import type { Resource } from '../../model/resource.ts';
import { defineOperation } from '../operation.ts';
import { languageOf, valueSetGiven } from './given.ts';

export default defineOperation<ValueSetExpandInput, ValueSetExpandOutput>({
  definition: 'ValueSet-expand',
  needs: ['ValueSet.rs'],
  async run(input, context) {
    const { offset, count, contextDirection } = input;
    for (const [name, value] of Object.entries({ offset, count })) {
      if (value !== undefined && value < 0) throw new FhirError('value', `${name} is below 0`, { expression: name });
    }
    if (contextDirection !== undefined && contextDirection !== 'incoming' && contextDirection !== 'outgoing') {
      throw new FhirError('value', "contextDirection is 'incoming' or 'outgoing'", { expression: 'contextDirection' });
    }
    const { valueSet, ...given } = input;
    const asked = await valueSetGiven(
      { ...given, ...(valueSet && { valueSet: valueSet as unknown as Resource }) },
      context,
    );
    const language = languageOf(input.displayLanguage, context);
    const expanded = await context.engine.terminology.expand(asked, {
      ...pick(input, [
        'filter',
        'date',
        'offset',
        'count',
        'includeDesignations',
        'designation',
        'includeDefinition',
        'activeOnly',
        'excludeNested',
        'excludeNotForUI',
        'excludePostCoordinated',
        'useSupplement',
      ]),
      ...(language !== undefined && { displayLanguage: language }),
      ...renamed(input),
    });
    return { return: expanded as unknown as ValueSetExpandOutput['return'] };
  },
});

function pick<T extends object, K extends keyof T>(from: T, names: readonly K[]): { [N in K]?: NonNullable<T[N]> } {
  const picked = names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]]));
  return Object.fromEntries(picked) as { [N in K]?: NonNullable<T[N]> };
}

const renamed = (input: ValueSetExpandInput) => ({
  ...(input['exclude-system'] && { excludeSystem: input['exclude-system'] }),
  ...(input['system-version'] && { systemVersion: input['system-version'] }),
  ...(input['check-system-version'] && { checkSystemVersion: input['check-system-version'] }),
  ...(input['force-system-version'] && { forceSystemVersion: input['force-system-version'] }),
});
