// The profile validator: everything StructureDefinitions, value sets and references say of a resource that is structurally right.
// https://hl7.org/fhir/R4/validation.html
import type { Issue } from '../../model/errors.ts';
import { createFindings, type Findings } from '../findings.ts';
import { isNode, type Node } from '../node.ts';
import type { Validate } from '../validate.ts';
import { isMember } from './bindings.ts';
import { createKnowledge, type KnowledgeDeps, type Needs } from './knowledge.ts';
import { checkProfile } from './profile.ts';
import { resolveIn } from './references.ts';
import type { BundleIndex, Depth, Known, Run } from './run.ts';
import { checkResource } from './walk.ts';

export interface CheckOptions {
  depth: Depth;
  /** profiles to check beside those of meta.profile */
  profiles?: readonly string[];
  /** meta.profile is not looked at */
  isClaimIgnored?: boolean;
  /** where expressions begin; the type of the resource where absent */
  path?: string;
  /** the Bundle it came in, and the fullUrl it had there */
  bundle?: BundleIndex | undefined;
  fullUrl?: string | undefined;
  /** which of these exist; absent: references to what is stored are not looked at */
  existing?: (references: readonly { type: string; id: string }[]) => Promise<readonly boolean[]>;
}

export interface ProfileValidator {
  /** everything: what has the wrong structure as well. `type`: what is expected */
  validate(resource: unknown, options: Omit<CheckOptions, 'depth'> & { type?: string }): Promise<Issue[]>;
  /** of a resource that is structurally right; all findings, errors first */
  check(resource: Node, options: CheckOptions): Promise<Issue[]>;
  has(canonical: string): boolean;
}

export interface ProfileValidatorDeps extends KnowledgeDeps {
  /** the structural check: validate.ts */
  validate: Validate;
}

/** A definition that always asks for another one would never end. */
const MAX_ROUNDS = 100;

export function createProfileValidator(deps: ProfileValidatorDeps): ProfileValidator {
  const knowledge = createKnowledge(deps);

  const validator: ProfileValidator = {
    has: knowledge.has,
    async validate(resource, { type, ...options }) {
      const { path } = options;
      const structural = deps.validate(resource, {
        ...(type !== undefined && { type }),
        ...(path !== undefined && { path }),
      });
      const isResource = isNode(resource) && deps.definitions.resourceTypes.includes(String(resource.resourceType));
      if (!isResource) return structural;
      const others = await validator.check(resource, { ...options, depth: 'everything' });
      // what is wrong below a place that is wrong already follows from that
      const places = structural.map(({ expression }) => expression ?? '');
      const isNew = ({ expression = '' }: Issue): boolean =>
        !places.some(
          (place) => expression === place || expression.startsWith(`${place}.`) || expression.startsWith(`${place}[`),
        );
      const root = path ?? String(resource.resourceType);
      return [...structural, ...others.filter((issue) => places.includes(root) || isNew(issue))];
    },
    async check(resource, options) {
      const stored = new Map<string, boolean>();
      for (let round = 0; ; round++) {
        const needs: Needs = new Map();
        const asked: { type: string; id: string }[] = [];
        const isStored: Known['isStored'] = (reference) => {
          if (options.existing === undefined) return undefined;
          const is = stored.get(`${reference.type}/${reference.id}`);
          if (is === undefined) asked.push(reference);
          return is;
        };
        const findings = createFindings(options.path ?? String(resource.resourceType));
        const run = createRun(resource, options, findings, knowledge.open(needs, isStored));
        checkResource(resource, options.profiles ?? [], run);
        if ((needs.size === 0 && asked.length === 0) || round === MAX_ROUNDS) return findings.summary();
        const answers = asked.length === 0 ? [] : await options.existing!(asked);
        for (const [index, { type, id }] of asked.entries()) stored.set(`${type}/${id}`, answers[index] === true);
        await Promise.all([...needs.values()].map((load) => load()));
      }
    },
  };
  return validator;

  function createRun(
    resource: Node,
    { depth, bundle, fullUrl, isClaimIgnored = false }: CheckOptions,
    findings: Findings,
    known: Known,
  ): Run {
    const run: Run = {
      known,
      definitions: deps.definitions,
      findings,
      depth,
      resource,
      rootResource: resource,
      resourceLevel: 0,
      unknownSystems: new Set(),
      inProgress: new Map(),
      bundle,
      fullUrl,
      isClaimIgnored,
      resolve: (reference) => resolveIn(run, reference),
      memberOf: (coded, valueSet) =>
        isMember(
          typeof coded === 'string' ? 'code' : isConcept(coded) ? 'CodeableConcept' : 'Coding',
          coded,
          valueSet,
          run,
        ),
      conforms(value, canonical) {
        const trial = createFindings('');
        const { findings: outer } = run;
        run.findings = trial;
        checkProfile(canonical, value, run);
        run.findings = outer;
        if (run.known.profile(canonical) === null) return undefined;
        return trial.errors === 0;
      },
    };
    return run;
  }
}

const isConcept = (coded: unknown): boolean => typeof coded === 'object' && coded !== null && !('code' in coded);
