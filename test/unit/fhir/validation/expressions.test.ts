// Invariants as closures must say what fhirpath says, of every official example that has the elements they are about.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPackages } from '../../../../src/cli/gen/packages.ts';
import { createCanonicals } from '../../../../src/fhir/conformance/create-canonicals.ts';
import { createPublished } from '../../../../src/fhir/conformance/published.ts';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { createExpressions, type Surroundings } from '../../../../src/fhir/validation/expressions/expression.ts';
import { isNode, type Node } from '../../../../src/fhir/validation/node.ts';
import {
  BASE_URL,
  type PublishedElement,
  type StructureDefinition,
} from '../../../../src/fhir/validation/profiles/structure-definition.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const folder = join(root, 'tools/definitions/node_modules/hl7.fhir.r4.examples');
const definitions = loadDefinitions();
const native = createExpressions(definitions);
const interpreted = createExpressions(definitions, { isNative: false });

/**
 * Where the two differ on purpose: a text that is not there begins with nothing (bdl-8), nothing is of no type (ras-2), `Boolean` is `boolean`
 * (que-7), and a regular expression that fhirpath cannot read (eld-19, eld-20).
 */
const DELIBERATE = new Set(['bdl-8', 'ras-2', 'que-7', 'eld-19', 'eld-20']);
/** so often one invariant of one kind of element is asked */
const EACH = 20;

type Ask = (type: string, value: unknown, surroundings: Surroundings) => void;

function walk(type: string, node: Node, surroundings: Surroundings, ask: Ask): void {
  ask(type, node, surroundings);
  for (const [key, value] of Object.entries(node)) {
    const element = definitions.type(type)?.elements.get(key);
    if (element === undefined) continue;
    const kind = definitions.type(element.type)?.kind;
    for (const item of Array.isArray(value) ? value : [value]) {
      if (kind === 'primitive' || !isNode(item)) continue;
      if (kind !== 'resource') walk(element.type, item, surroundings, ask);
      else walk(String(item.resourceType), item, { ...surroundings, resource: item }, ask);
    }
  }
}

describe('invariants as closures', function () {
  this.timeout(120_000);

  before(() => void findPackages(root, console.error));

  it('say what fhirpath says, of every kind of element in the official examples', async () => {
    const canonicals = createCanonicals({ sources: [createPublished()] });
    const constraints = new Map<string, PublishedElement['constraint']>();
    const load = async (type: string): Promise<void> => {
      const name = type.replace(/\..*/, '');
      const definition = (await canonicals.find('StructureDefinition', BASE_URL + name)) as
        | StructureDefinition
        | undefined;
      for (const { path, constraint } of definition?.snapshot?.element ?? []) constraints.set(path, constraint ?? []);
    };
    const asked = new Map<string, number>();
    const different: string[] = [];
    let count = 0;
    const types = new Set<string>();
    for (const file of readdirSync(folder).filter((each) => /^[A-Z].*\.json$/.test(each))) {
      const type = file.slice(0, file.indexOf('-'));
      const seen = asked.get(`file ${type}`) ?? 0;
      asked.set(`file ${type}`, seen + 1);
      if (seen > 25 || type === 'Bundle') continue;
      const resource = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Node;
      const found: [string, unknown, Surroundings][] = [];
      const surroundings: Surroundings = {
        resource,
        rootResource: resource,
        resolve: () => undefined,
        memberOf: () => undefined,
      };
      walk(type, resource, surroundings, (each, value, around) => {
        types.add(each);
        found.push([each, value, around]);
      });
      for (const [each, value, around] of found) {
        if (!constraints.has(each)) await load(each);
        for (const { key, expression } of constraints.get(each) ?? []) {
          if (expression === undefined || key === 'ele-1' || key.startsWith('dom-') || DELIBERATE.has(key)) continue;
          const times = asked.get(`${each} ${key}`) ?? 0;
          if (times >= EACH) continue;
          asked.set(`${each} ${key}`, times + 1);
          count++;
          const ours = native.compile(each, expression)(value, around);
          const theirs = interpreted.compile(each, expression)(value, around);
          if (ours !== theirs) different.push(`${key} of ${file}: ${ours}, fhirpath says ${theirs}`);
        }
      }
    }
    assert.deepEqual(different, []);
    assert.ok(count > 2500, `only ${count} asked`);
  });
});
