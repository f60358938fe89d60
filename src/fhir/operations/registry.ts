// Pairs every OperationDefinition in profiles/ with its module, serves calls of them, and refuses to start when one half is missing.
// https://hl7.org/fhir/R4/operations.html
import type { Discovered } from '../../platform/discover/discover.ts';
import type { Definitions } from '../definitions/definitions.ts';
import type { Answer, Call, Engine } from '../interactions/call.ts';
import { readPreferReturn } from '../interactions/headers.ts';
import type { Validate } from '../interactions/resource-body.ts';
import { FhirError } from '../model/errors.ts';
import { outcomeOf } from '../model/outcome.ts';
import type { Resource } from '../model/resource.ts';
import { didYouMean } from '../validation/hints.ts';
import type { AsyncRunner, OperationTarget, Run } from './async.ts';
import { separateCriteria } from './criteria.ts';
import { type Level, type OperationDefinition, readOperationDefinition } from './definition.ts';
import { isOperationAnswer, type OperationContext, type OperationModule } from './operation.ts';
import { encodeOutput } from './output.ts';
import type { Values } from './parameter-entry.ts';
import { readInput, refuseInput } from './parameters.ts';

export interface Operation {
  definition: OperationDefinition;
  module: OperationModule;
}

export interface RegistryDeps {
  /** `*.operation.ts` as found by platform/discover */
  modules: readonly Discovered<OperationModule>[];
  /** the OperationDefinitions of profiles/ */
  profiles: readonly Resource[];
  definitions: Definitions;
  validate: Validate;
  parts: Readonly<Record<string, unknown>>;
}

export interface OperationRegistry {
  find(level: Level, type: string | undefined, code: string): Operation | undefined;
  all(): readonly Operation[];
  definitions(): readonly OperationDefinition[];
  run(call: Call, target: OperationTarget, engine: Engine): Promise<Answer>;
  /** set once by main.ts, because the runner calls operations and operations are started through the runner */
  useAsync(runner: AsyncRunner): void;
}

const WAITING: Run = { progress: async () => undefined, signal: new AbortController().signal };

export function createOperationRegistry(deps: RegistryDeps): OperationRegistry {
  const { definitions, validate, parts } = deps;
  const operations = pair(deps);
  const index = indexOf(operations);
  let runner: AsyncRunner | undefined;

  const find: OperationRegistry['find'] = (level, type, code) =>
    index.get(keyOf(level, type, code)) ?? (level === 'system' ? undefined : index.get(keyOf(level, 'Resource', code)));

  function need({ level, type, code, version }: OperationTarget): Operation {
    const operation = find(level, type, code);
    if (operation !== undefined) {
      if (version === undefined || operation.module.onVersions) return operation;
      throw new FhirError('unknown-endpoint', `$${code} is called on a ${type}, not on one of its versions`);
    }
    const elsewhere = operations
      .filter(({ definition }) => definition.code === code)
      .map(({ definition }) => pathsOf(definition));
    const known = operations
      .filter(({ definition }) => definition.levels.includes(level))
      .map(({ definition }) => definition.code);
    const hint = elsewhere.length > 0 ? `; it exists at ${elsewhere.flat().join(', ')}` : didYouMean(code, known);
    const at = { system: 'the base', type: `${type}`, instance: `a ${type}` }[level];
    throw new FhirError('unknown-endpoint', `There is no operation $${code} on ${at}${hint}`);
  }

  /** Runs one operation on decoded input; what the queue and a direct call share. */
  async function perform(operation: Operation, input: Values, context: OperationContext): Promise<Answer> {
    const { definition, module } = operation;
    const given = await module.run(input, context);
    if (!isOperationAnswer(given)) return { status: 200, ...bodyOf(definition, given, context.call) };
    const { output, body, status, headers, location, version, lastUpdated } = given;
    return {
      status,
      ...(output === undefined ? {} : bodyOf(definition, output, context.call)),
      ...(body === undefined ? {} : { body }),
      ...(headers === undefined ? {} : { headers }),
      ...(location === undefined ? {} : { location }),
      ...(version === undefined ? {} : { version }),
      ...(lastUpdated === undefined ? {} : { lastUpdated }),
    };
  }

  const registry: OperationRegistry = {
    find,
    all: () => operations,
    definitions: () => operations.map(({ definition }) => definition),
    useAsync(created) {
      runner = created;
    },
    async run(call, target, engine) {
      const operation = need(target);
      const { definition, module } = operation;
      refuseMethod(call, definition);
      if (call.bodyIssues && !module.takesBrokenResources) {
        throw new FhirError('structure', `${call.bodyIssues.length} problem(s) in the XML`, {
          issues: call.bodyIssues,
        });
      }
      const { criteria, ...request } = separateCriteria(definition, call, module.alsoReads);
      const input = readInput(definition, request, {
        definitions,
        validate,
        takesBrokenResources: module.takesBrokenResources === true,
      });
      const { kind: _, code: _code, ...where } = target;
      const context = { target: where, store: call.store, now: engine.now, engine, call, criteria, parts };
      const more = await module.check?.(input.sound(), { ...context, ...WAITING });
      refuseInput(definition, [...input.issues, ...(more ?? [])]);
      const answer = (run: Run): Promise<Answer> => perform(operation, input.values, { ...context, ...run });
      const run = runner?.runOf(call);
      if (run !== undefined) return answer(run);
      if (runner !== undefined && module.async === 'allowed' && prefersAsync(call)) return runner.start(call);
      return answer(WAITING);
    },
  };
  return registry;
}

const prefersAsync = ({ headers }: Call): boolean =>
  headers.prefer?.split(/[,;]/).some((preference) => preference.trim() === 'respond-async') ?? false;

/** GET is for what changes nothing: https://hl7.org/fhir/R4/operations.html#executing */
function refuseMethod({ method }: Call, { code, affectsState }: OperationDefinition): void {
  if (method === 'POST') return;
  if (!affectsState && (method === 'GET' || method === 'HEAD')) return;
  const Allow = affectsState ? 'POST' : 'GET, HEAD, POST';
  throw new FhirError('method-not-allowed', `$${code} is called with ${Allow.replace('GET, HEAD, ', 'GET or ')}`, {
    headers: { Allow },
  });
}

/** https://hl7.org/fhir/R4/http.html#ops: the caller may do without the content of what was changed */
function bodyOf(definition: OperationDefinition, output: Values, call: Call): { body?: Resource } {
  const body = encodeOutput(definition, output);
  const prefers = definition.affectsState ? readPreferReturn(call.headers.prefer) : undefined;
  if (prefers === 'minimal') return {};
  if (body !== undefined && prefers !== 'OperationOutcome') return { body };
  const done = outcomeOf([
    { severity: 'information', code: 'informational', diagnostics: `$${definition.code} is done` },
  ]);
  return { body: { ...done } };
}

const keyOf = (level: Level, type: string | undefined, code: string): string => `${level} ${type ?? ''} ${code}`;

const pathsOf = ({ levels, types, code }: OperationDefinition): string[] =>
  levels.flatMap((level) => {
    if (level === 'system') return [`$${code}`];
    const names = types.map((type) => (type === 'Resource' ? '[type]' : type));
    return names.map((type) => (level === 'type' ? `${type}/$${code}` : `${type}/[id]/$${code}`));
  });

function pair({ modules, profiles, definitions, validate }: RegistryDeps): Operation[] {
  const byId = new Map<string, OperationDefinition>();
  for (const resource of profiles) {
    const [issue] = validate(resource, { type: 'OperationDefinition' });
    if (issue !== undefined) {
      throw new Error(`OperationDefinition ${resource.id}: ${issue.diagnostics} (${issue.expression})`);
    }
    byId.set(resource.id!, readOperationDefinition(resource, definitions));
  }
  const files = new Map<string, string>();
  const operations = modules.map(({ path: file, module }) => {
    if (typeof module?.definition !== 'string' || typeof module.run !== 'function') {
      throw new Error(`${file}: its default export is not defineOperation({ definition, needs, run })`);
    }
    const definition = byId.get(module.definition);
    if (definition === undefined) {
      throw new Error(
        `${file}: profiles/OperationDefinition-${module.definition}.json is missing${didYouMean(module.definition, byId.keys())}`,
      );
    }
    const other = files.get(module.definition);
    if (other !== undefined)
      throw new Error(`${file}: ${other} already implements OperationDefinition ${module.definition}`);
    files.set(module.definition, file);
    return { definition, module };
  });
  const missing = [...byId.keys()].filter((id) => !files.has(id));
  if (missing.length > 0) throw new Error(`No *.operation.ts implements OperationDefinition ${missing.join(', ')}`);
  return operations;
}

function indexOf(operations: readonly Operation[]): Map<string, Operation> {
  const index = new Map<string, Operation>();
  for (const operation of operations) {
    const { definition } = operation;
    const keys = definition.levels.flatMap((level) =>
      level === 'system'
        ? [keyOf(level, undefined, definition.code)]
        : definition.types.map((type) => keyOf(level, type, definition.code)),
    );
    for (const key of keys) {
      const other = index.get(key);
      if (other !== undefined) {
        throw new Error(`OperationDefinition ${definition.id} and ${other.definition.id} both define ${key.trim()}`);
      }
      index.set(key, operation);
    }
  }
  return index;
}
