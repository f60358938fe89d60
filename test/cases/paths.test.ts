// FHIR method and path → what is meant; or the refusal.
import assert from 'node:assert/strict';
import { loadDefinitions } from '../../src/fhir/definitions/load.ts';
import { createGrammar, readQuery } from '../../src/fhir/interactions/grammar.ts';
import { FhirError } from '../../src/fhir/model/errors.ts';

const grammar = createGrammar(loadDefinitions());

const meant: [request: string, target: Record<string, string>][] = [
  ['GET metadata', { kind: 'capabilities' }],
  ['HEAD metadata', { kind: 'capabilities' }],
  ['GET ', { kind: 'search-system' }],
  ['GET /', { kind: 'search-system' }],
  ['POST /_search', { kind: 'search-system' }],
  ['POST ', { kind: 'bundle' }],
  ['POST /', { kind: 'bundle' }],
  ['GET /_history', { kind: 'history-system' }],
  ['POST /$convert', { kind: 'operation', level: 'system', code: 'convert' }],
  ['POST /%24convert', { kind: 'operation', level: 'system', code: 'convert' }],
  ['GET /$async-status/ab1', { kind: 'async-status', id: 'ab1' }],
  ['DELETE /$async-status/ab1', { kind: 'async-status', id: 'ab1' }],
  ['GET /Patient', { kind: 'search-type', type: 'Patient' }],
  ['GET /Patient/', { kind: 'search-type', type: 'Patient' }],
  ['POST /Patient/_search', { kind: 'search-type', type: 'Patient' }],
  ['POST /Patient', { kind: 'create', type: 'Patient' }],
  ['PUT /Patient', { kind: 'update-conditional', type: 'Patient' }],
  ['PATCH /Patient', { kind: 'patch-conditional', type: 'Patient' }],
  ['DELETE /Patient', { kind: 'delete-conditional', type: 'Patient' }],
  ['GET /Patient/_history', { kind: 'history-type', type: 'Patient' }],
  ['GET /Location/$bed-availability', { kind: 'operation', level: 'type', type: 'Location', code: 'bed-availability' }],
  ['GET /Patient/p1', { kind: 'read', type: 'Patient', id: 'p1' }],
  ['HEAD Patient/p1', { kind: 'read', type: 'Patient', id: 'p1' }],
  ['GET /Patient/p%2D1', { kind: 'read', type: 'Patient', id: 'p-1' }],
  ['GET /Patient/p1/', { kind: 'read', type: 'Patient', id: 'p1' }],
  ['PUT /Patient/p1', { kind: 'update', type: 'Patient', id: 'p1' }],
  ['PATCH /Patient/p1', { kind: 'patch', type: 'Patient', id: 'p1' }],
  ['DELETE /Patient/p1', { kind: 'delete', type: 'Patient', id: 'p1' }],
  ['GET /Patient/p1/_history', { kind: 'history-instance', type: 'Patient', id: 'p1' }],
  ['GET /Patient/p1/_history/3', { kind: 'vread', type: 'Patient', id: 'p1', version: '3' }],
  [
    'GET /Patient/p1/_history/3/$meta',
    { kind: 'operation', level: 'instance', type: 'Patient', id: 'p1', version: '3', code: 'meta' },
  ],
  [
    'POST /Location/b7/$assign-bed',
    { kind: 'operation', level: 'instance', type: 'Location', id: 'b7', code: 'assign-bed' },
  ],
  [
    'POST /Location/b7/%24assign-bed',
    { kind: 'operation', level: 'instance', type: 'Location', id: 'b7', code: 'assign-bed' },
  ],
  [
    'GET /Patient/p1/Observation',
    { kind: 'search-compartment', compartment: 'Patient', id: 'p1', type: 'Observation' },
  ],
  ['GET /Patient/p1/*', { kind: 'search-compartment', compartment: 'Patient', id: 'p1', type: '*' }],
  ['POST /Patient/p1/_search', { kind: 'search-compartment', compartment: 'Patient', id: 'p1', type: '*' }],
  [
    'POST /Encounter/e1/Condition/_search',
    { kind: 'search-compartment', compartment: 'Encounter', id: 'e1', type: 'Condition' },
  ],
];

const refused: [request: string, kind: string, allow?: string][] = [
  ['GET /Patiens', 'unknown-endpoint'],
  ['GET /patient/p1', 'unknown-endpoint'],
  ['POST /Parameters', 'unknown-endpoint'],
  ['GET /Parameters/p1', 'unknown-endpoint'],
  ['GET /constructor/p1', 'unknown-endpoint'],
  ['GET //Patient', 'unknown-endpoint'],
  ['GET /Patient/p1/Observation/o1', 'unknown-endpoint'],
  ['GET /Observation/o1/Patient', 'unknown-endpoint'],
  ['GET /Patient/p1/Patiens', 'unknown-endpoint'],
  ['GET /Patient/p1/_history/1/x', 'unknown-endpoint'],
  ['GET /metadata/x', 'unknown-endpoint'],
  ['GET /Patient/%', 'invalid'],
  // decoded once, never twice
  ['GET /Patient/%2524x', 'not-found'],
  ['GET /Patient/a_b', 'not-found'],
  [`GET /Patient/${'a'.repeat(65)}`, 'not-found'],
  ['GET /Patient/a%2Fb', 'not-found'],
  ['PUT /Patient/a_b', 'value'],
  ['PUT ', 'method-not-allowed', 'GET, HEAD, POST, OPTIONS'],
  ['POST /metadata', 'method-not-allowed', 'GET, HEAD, OPTIONS'],
  ['GET /_search', 'method-not-allowed', 'POST, OPTIONS'],
  ['GET /Patient/_search', 'method-not-allowed', 'POST, OPTIONS'],
  ['DELETE /Patient/_history', 'method-not-allowed', 'GET, HEAD, OPTIONS'],
  ['POST /Patient/p1', 'method-not-allowed', 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS'],
  ['PUT /Patient/p1/_history/1', 'method-not-allowed', 'GET, HEAD, OPTIONS'],
  ['PUT /Patient/$match', 'method-not-allowed', 'GET, HEAD, POST, OPTIONS'],
  ['constructor /Patient', 'method-not-allowed', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'],
  ['TRACE /Patient/p1', 'method-not-allowed', 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS'],
];

const split = (request: string): [string, string] => {
  const space = request.indexOf(' ');
  return [request.slice(0, space), request.slice(space + 1)];
};

describe('the grammar of requests', () => {
  for (const [request, target] of meant) {
    it(`reads ${request} as ${target.kind}`, () => {
      assert.deepEqual(grammar.readTarget(...split(request)), target);
    });
  }

  for (const [request, kind, allow] of refused) {
    it(`refuses ${request.slice(0, 40)} as ${kind}`, () => {
      assert.throws(
        () => grammar.readTarget(...split(request)),
        (error) => {
          assert.ok(error instanceof FhirError);
          assert.equal(error.kind, kind);
          assert.equal(error.headers.Allow, allow);
          return true;
        },
      );
    });
  }

  it('reads each of the published types but Parameters', () => {
    for (const type of loadDefinitions().resourceTypes) {
      if (type === 'Parameters') continue;
      assert.deepEqual(grammar.readTarget('GET', `/${type}/x`), { kind: 'read', type, id: 'x' });
    }
  });
});

describe('query strings', () => {
  const cases: [text: string, pairs: [string, string][]][] = [
    ['', []],
    [
      'a=1&b=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['?a=1', [['a', '1']]],
    [
      'a=1&a=2',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    ['a', [['a', '']]],
    ['a=', [['a', '']]],
    ['a=b=c', [['a', 'b=c']]],
    ['&&a=1&', [['a', '1']]],
    ['name=Anna+Maria', [['name', 'Anna Maria']]],
    ['name=M%C3%BCller', [['name', 'Müller']]],
    ['code=http%3A%2F%2Floinc.org%7C8302-2', [['code', 'http://loinc.org|8302-2']]],
    ['name%3Aexact=x', [['name:exact', 'x']]],
    ['a=%252B', [['a', '%2B']]],
  ];
  for (const [text, pairs] of cases) {
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(readQuery(text), pairs));
  }

  it('refuses a broken percent-encoding', () => {
    assert.throws(() => readQuery('a=%zz'), { name: 'FhirError', kind: 'invalid' });
  });
});
