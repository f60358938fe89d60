import assert from 'node:assert/strict';
import { createCanonicals } from '../../../../src/fhir/conformance/create-canonicals.ts';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import type { Answer, Call, Engine } from '../../../../src/fhir/interactions/call.ts';
import { FhirError } from '../../../../src/fhir/model/errors.ts';
import type { Resource } from '../../../../src/fhir/model/resource.ts';
import { answerWith, type OperationModule } from '../../../../src/fhir/operations/operation.ts';
import { createOperationRegistry, type OperationRegistry } from '../../../../src/fhir/operations/registry.ts';
import type { Store } from '../../../../src/fhir/storage/store.ts';
import { createTerminology } from '../../../../src/fhir/terminology/create-terminology.ts';
import { createProfileValidator } from '../../../../src/fhir/validation/profiles/validator.ts';
import { createValidator } from '../../../../src/fhir/validation/validate.ts';
import { anOperationDefinition } from '../../../support/an-operation-definition.ts';

const definitions = loadDefinitions();
const canonicals = createCanonicals({ sources: [] });
const terminology = createTerminology({ canonicals, maxExpansion: 100, now: Date.now });
const validate = createValidator(definitions);
const validator = createProfileValidator({ definitions, canonicals, terminology, validate });

const weigh: OperationModule = {
  definition: 'Patient-weigh',
  needs: [],
  run: async ({ of }) => ({ return: { resourceType: 'Basic', code: { text: String(of) } } }),
};
const weighDefinition = anOperationDefinition({
  parameter: [
    { name: 'of', type: 'string' },
    { name: 'return', use: 'out', type: 'Basic' },
  ],
});

const registryOf = (profiles: Resource[], modules: OperationModule[]): OperationRegistry =>
  createOperationRegistry({
    modules: modules.map((module, index) => ({ path: `src/domain/file${index}.operation.ts`, module })),
    profiles,
    definitions,
    validate,
    parts: {},
  });

function call(
  registry: OperationRegistry,
  change: Partial<Call> & { code?: string; level?: 'system' | 'instance' } = {},
): Promise<Answer> {
  const { code = 'weigh', level = 'instance', ...rest } = change;
  const target = {
    kind: 'operation',
    level,
    code,
    ...(level === 'instance' ? { type: 'Patient', id: 'p1' } : {}),
  } as const;
  const settings = { timeZone: 'UTC' } as Engine['settings'];
  const full: Call = {
    target,
    method: 'POST',
    query: [],
    headers: {},
    base: 'http://h/fhir',
    id: 'c1',
    store: {} as Store,
    ...rest,
  };
  return registry.run(full, target, { definitions, canonicals, terminology, validator, now: () => 0, settings });
}

const kindOf = async (promise: Promise<unknown>): Promise<FhirError> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof FhirError, String(error));
  return error;
};

describe('the registry of operations', () => {
  it('runs a module by its definition', async () => {
    const answer = await call(registryOf([weighDefinition], [weigh]), { body: { of: 'tea' } });
    assert.deepEqual(answer, { status: 200, body: { resourceType: 'Basic', code: { text: 'tea' } } });
  });

  it('refuses to start without the definition of a module', () => {
    assert.throws(
      () => registryOf([], [weigh]),
      /file0\.operation\.ts: profiles\/OperationDefinition-Patient-weigh\.json is missing/,
    );
  });

  it('refuses to start without the module of a definition', () => {
    assert.throws(
      () => registryOf([weighDefinition], []),
      /No \*\.operation\.ts implements OperationDefinition Patient-weigh/,
    );
  });

  it('refuses two modules of one definition', () => {
    assert.throws(() => registryOf([weighDefinition], [weigh, weigh]), /file0\.operation\.ts already implements/);
  });

  it('refuses two definitions of one code at one place', () => {
    const other = anOperationDefinition({ id: 'Patient-other' });
    assert.throws(
      () => registryOf([weighDefinition, other], [weigh, { ...weigh, definition: 'Patient-other' }]),
      /Patient-other and Patient-weigh both define instance Patient weigh/,
    );
  });

  it('refuses a file that is no operation', () => {
    assert.throws(
      () => registryOf([weighDefinition], [{} as OperationModule]),
      /its default export is not defineOperation/,
    );
  });

  const broken: [title: string, definition: Resource, message: RegExp][] = [
    [
      'an unknown parameter type',
      anOperationDefinition({ parameter: [{ name: 'of', type: 'Strin' }] }),
      /parameter in\.of: unknown type 'Strin'|Strin/,
    ],
    [
      'a parameter without a type',
      anOperationDefinition({ parameter: [{ name: 'of' }] }),
      /in\.of: has neither a type nor parts/,
    ],
    [
      'a parameter twice',
      anOperationDefinition({
        parameter: [
          { name: 'of', type: 'string' },
          { name: 'of', type: 'date' },
        ],
      }),
      /in\.of: defined twice/,
    ],
    ['no level', anOperationDefinition({ instance: false }), /it is on no level/],
    ['a missing url', anOperationDefinition({ url: undefined }), /url is missing/],
    ['an element that FHIR does not know', anOperationDefinition({ levels: 'all' }), /levels/],
    ['a type level without a type', anOperationDefinition({ resource: [] }), /names no resource|resource/],
  ];
  for (const [title, definition, message] of broken) {
    it(`refuses to start with ${title}`, () => {
      assert.throws(() => registryOf([definition], [weigh]), message);
    });
  }

  it('finds an operation of any resource type on each of them', () => {
    const registry = registryOf([anOperationDefinition({ resource: ['Resource'] })], [weigh]);
    assert.equal(registry.find('instance', 'Observation', 'weigh')?.definition.id, 'Patient-weigh');
    assert.equal(registry.find('system', undefined, 'weigh'), undefined);
  });

  it('says where an operation exists, and what was probably meant', async () => {
    const registry = registryOf([weighDefinition], [weigh]);
    const elsewhere = await kindOf(call(registry, { level: 'system' }));
    assert.equal(elsewhere.status, 404);
    assert.match(elsewhere.message, /it exists at Patient\/\[id\]\/\$weigh/);
    assert.match((await kindOf(call(registry, { code: 'weig' }))).message, /did you mean "weigh"/);
  });

  it('answers GET only where nothing changes', async () => {
    const query = [['of', 'tea']] as const;
    const reading = registryOf([weighDefinition], [weigh]);
    assert.equal((await call(reading, { method: 'GET', query })).status, 200);
    const writing = registryOf([{ ...weighDefinition, affectsState: true }], [weigh]);
    const refused = await kindOf(call(writing, { method: 'GET', query }));
    assert.equal(refused.status, 405);
    assert.deepEqual(refused.headers, { Allow: 'POST' });
  });

  it('gives an operation its own status, location and headers', async () => {
    const run: OperationModule['run'] = async () =>
      answerWith({
        status: 201,
        location: 'Basic/b1/_history/1',
        version: 1,
        headers: { 'X-Lot': '7' },
        output: { return: { resourceType: 'Basic' } },
      });
    const answer = await call(registryOf([weighDefinition], [{ ...weigh, run }]));
    assert.deepEqual(answer, {
      status: 201,
      body: { resourceType: 'Basic' },
      headers: { 'X-Lot': '7' },
      location: 'Basic/b1/_history/1',
      version: 1,
    });
  });

  it('leaves the body out where the client prefers that of a change', async () => {
    const registry = registryOf([{ ...weighDefinition, affectsState: true }], [weigh]);
    assert.equal((await call(registry, { headers: { prefer: 'return=minimal' } })).body, undefined);
  });

  it('answers an operation without output with an outcome', async () => {
    const registry = registryOf([anOperationDefinition({})], [{ ...weigh, run: async () => ({}) }]);
    const { body } = await call(registry);
    assert.equal((body as Resource).resourceType, 'OperationOutcome');
  });
});
