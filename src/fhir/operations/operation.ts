// How an operation declares itself. Its public face (code, level, types, parameters) is the OperationDefinition in profiles/;
// the module adds only behaviour. registry.ts pairs the two and refuses to start when one is missing.
import type { Call, Engine } from '../interactions/call.ts';
import type { Store } from '../storage/store.ts';

export interface OperationContext {
  /** where it was called */
  target: { level: 'system' | 'type' | 'instance'; type?: string; id?: string };
  store: Store;
  now: () => number;
  engine: Engine;
  call: Call;
  /** parts that main.ts built and this operation's ward needs (queue, AI provider …), by name */
  parts: Readonly<Record<string, unknown>>;
}

export interface OperationModule<Input = Record<string, unknown>, Output = Record<string, unknown>> {
  /** `Location-assign-bed` for profiles/OperationDefinition-Location-assign-bed.json */
  definition: string;
  /** SMART v2 scopes without the actor: `Location.u`. Checked by access from issue 5 on, listed in the capability statement's documentation. */
  needs: readonly string[];
  /** decoded by the definition: by name, arrays where max is not 1, primitives as JSON values, complex types as objects */
  run(input: Input, context: OperationContext): Promise<Output>;
}

export function defineOperation<Input, Output>(module: OperationModule<Input, Output>): OperationModule<Input, Output> {
  return module;
}
