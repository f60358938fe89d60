// The code system that an operation is about: of the instance, or named by system and version.
import type { CodeSystemSource } from '../../model/concept.ts';
import { FhirError } from '../../model/errors.ts';
import { sourceOf } from '../../terminology/code-system-resource.ts';
import type { OperationContext } from '../operation.ts';
import { targetOf } from './given.ts';

export async function systemGiven(
  { system, version, date }: { system?: string; version?: string; date?: string },
  context: OperationContext,
): Promise<CodeSystemSource> {
  const stored = await targetOf(context);
  if (stored !== undefined) {
    const source = sourceOf(stored) ?? (await context.engine.terminology.codeSystem(String(stored.url)));
    if (source !== undefined) return source;
    throw new FhirError('not-found', `The concepts of the code system ${stored.url} are not here`);
  }
  if (system === undefined) throw new FhirError('required', 'system is missing', { expression: 'system' });
  const source = await context.engine.terminology.codeSystem(system, version, date);
  if (source !== undefined) return source;
  const named = version === undefined ? system : `${system}|${version}`;
  throw new FhirError('not-found', `The code system ${named} is not here`, { expression: 'system' });
}

export const unknownCode = (code: string, { url }: CodeSystemSource, expression: string): FhirError =>
  new FhirError('not-found', `The code '${code}' is not in the code system ${url}`, { expression });
