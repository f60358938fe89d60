// What checks have asked for so far: plans of types and profiles, value sets, verdicts on codes. Kept until a definition changes.
import type { Canonicals } from '../../conformance/canonicals.ts';
import type { Definitions } from '../../definitions/definitions.ts';
import type { Membership, Terminology, Verdict } from '../../terminology/terminology.ts';
import { createExpressions, type Expressions } from '../expressions/expression.ts';
import { createBaseType, type Elements } from './base-types.ts';
import { compileProfile } from './compile.ts';
import type { BaseType, ProfilePlan } from './plan.ts';
import type { Asked, Known } from './run.ts';
import { BASE_URL, type StructureDefinition } from './structure-definition.ts';

export interface KnowledgeDeps {
  definitions: Definitions;
  canonicals: Canonicals;
  terminology: Terminology;
}

/** What one check found missing; loading it makes the next try know more. */
export type Needs = Map<string, () => Promise<void>>;

export interface Knowledge {
  /** for one check, which notes in `needs` what it could not be told */
  open(needs: Needs, isStored: Known['isStored']): Known;
  /** whether a profile is here; costs a look-up */
  has(canonical: string): boolean;
}

/** Verdicts on codes of large systems: some MB at most. */
const MAX_VERDICTS = 20_000;

interface Kept {
  baseTypes: Map<string, BaseType>;
  elements: Map<string, Promise<Elements>>;
  profiles: Map<string, ProfilePlan | null>;
  memberships: Map<string, Membership | null>;
  verdicts: Map<string, Verdict>;
}

const nothing = (): Kept => ({
  baseTypes: new Map(),
  elements: new Map(),
  profiles: new Map(),
  memberships: new Map(),
  verdicts: new Map(),
});

const SOURCES: ReadonlySet<string> = new Set(['StructureDefinition', 'ValueSet', 'CodeSystem']);

export function createKnowledge({ definitions, canonicals, terminology }: KnowledgeDeps): Knowledge {
  const expressions: Expressions = createExpressions(definitions);
  let kept = nothing();
  let revision = canonicals.revision;
  /** of what is known of codes: rises with systems that operators load, too */
  let codesRevision = terminology.revision;
  canonicals.onChange((changes) => {
    if (changes.some(({ type }) => SOURCES.has(type))) kept = nothing();
    revision = canonicals.revision;
  });

  const find = async (canonical: string): Promise<StructureDefinition | undefined> =>
    (await canonicals.find('StructureDefinition', canonical)) as StructureDefinition | undefined;

  function elementsOf(type: string, from: Kept): Promise<Elements> {
    let elements = from.elements.get(type);
    if (elements === undefined) {
      elements = find(BASE_URL + type).then(
        (definition) => new Map((definition?.snapshot?.element ?? []).map((element) => [element.path, element])),
      );
      from.elements.set(type, elements);
    }
    return elements;
  }

  async function loadProfile(canonical: string, from: Kept): Promise<ProfilePlan | null> {
    const definition = await find(canonical);
    if (definition === undefined) return null;
    try {
      return await compileProfile(definition, {
        definitions,
        expressions,
        find,
        elementsOf: (type) => elementsOf(type, from),
      });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return unusable(definition, why);
    }
  }

  return {
    has: (canonical) => canonicals.has('StructureDefinition', canonical),
    open(needs, isStored) {
      if (revision !== canonicals.revision) {
        kept = nothing();
        revision = canonicals.revision;
      }
      if (codesRevision !== terminology.revision) {
        kept = { ...kept, memberships: new Map(), verdicts: new Map() };
        codesRevision = terminology.revision;
      }
      const now = kept;
      /** the value if it is there, else a note of how to get it */
      const ask = <T>(map: Map<string, T>, kind: string, key: string, load: () => Promise<T>): T | undefined => {
        const value = map.get(key);
        if (value === undefined && !map.has(key)) {
          needs.set(`${kind} ${key}`, async () => {
            map.set(key, await load());
          });
        }
        return value;
      };
      return {
        isStored,
        baseType: (name) =>
          ask(now.baseTypes, 'type', name, async () =>
            createBaseType({ definitions, expressions }, name, await elementsOf(name.replace(/\..*/, ''), now)),
          ),
        profile: (canonical) => ask(now.profiles, 'profile', canonical, () => loadProfile(canonical, now)),
        membership: (valueSet) =>
          ask(now.memberships, 'value set', valueSet, async () => (await terminology.membership(valueSet)) ?? null),
        verdict: (asked, valueSet) =>
          ask(now.verdicts, 'code', keyOf(asked, valueSet), () => {
            if (now.verdicts.size >= MAX_VERDICTS) dropOldest(now.verdicts);
            return terminology.validateCode(asked, valueSet === undefined ? {} : { valueSet });
          }),
        compile: (type, expression) => expressions.compile(type, expression),
        select: (expression, resource) => expressions.select(expression, resource),
      };
    },
  };
}

const keyOf = ({ system = '', version = '', code, display = '' }: Asked, valueSet = ''): string =>
  `${valueSet}\n${system}\n${version}\n${code}\n${display}`;

function dropOldest(map: Map<string, unknown>): void {
  let count = MAX_VERDICTS / 10;
  for (const key of map.keys()) {
    map.delete(key);
    if (--count === 0) return;
  }
}

/** A definition that is broken: whoever claims its profile is told why it is not checked. */
function unusable({ url, type }: StructureDefinition, why: string): ProfilePlan {
  return {
    url,
    type,
    isBase: false,
    isModifier: false,
    root: { name: type, id: type, access: [], min: 0, max: Number.POSITIVE_INFINITY, constraints: [], children: [] },
    context: [],
    contextInvariants: [],
    flaws: [why],
  };
}
