// One check of one resource: where it is, what it found, and what it still needs to know.
import type { Definitions } from '../../definitions/definitions.ts';
import type { Membership, Verdict } from '../../terminology/terminology.ts';
import type { Surroundings, Test } from '../expressions/expression.ts';
import type { Findings } from '../findings.ts';
import type { Node } from '../node.ts';
import type { BaseType, ProfilePlan } from './plan.ts';

/** A code as a question to terminology. */
export interface Asked {
  system?: string;
  version?: string;
  code: string;
  display?: string;
}

/**
 * What is known already. Each answers undefined where it must first be loaded, and notes that: the check then goes on as if all were well, and is
 * repeated once everything it asked for is there. So the check itself never waits, and in steady state runs once.
 */
export interface Known {
  baseType(name: string): BaseType | undefined;
  /** null: there is no such profile here */
  profile(canonical: string): ProfilePlan | null | undefined;
  /** null: not as a set; ask for verdicts */
  membership(valueSet: string): Membership | null | undefined;
  /** no value set: is it in its code system? */
  verdict(asked: Asked, valueSet?: string): Verdict | undefined;
  compile(type: string, expression: string): Test;
  /** what a FHIRPath of an extension's context selects */
  select(expression: string, resource: Node): readonly unknown[];
  /** whether a reference leads to something stored; undefined also where nobody checks that */
  isStored(reference: { type: string; id: string }): boolean | undefined;
}

/** How deep the check goes. */
export type Depth =
  /** invariants of the base types */
  | 'invariants'
  /** and everything else: bindings, extensions, profiles, references */
  | 'everything';

export interface Run extends Surroundings {
  known: Known;
  definitions: Definitions;
  findings: Findings;
  depth: Depth;
  /** meta.profile is not looked at */
  isClaimIgnored: boolean;
  /** how deep `resource` is in the walk: the path of an element begins there */
  resourceLevel: number;
  /** code systems that are not known here: told once */
  unknownSystems: Set<string>;
  /** profiles a value is being checked against: references may go round */
  inProgress: Map<object, Set<string>>;
  bundle: BundleIndex | undefined;
  /** `fullUrl` of the entry that `rootResource` is the resource of */
  fullUrl: string | undefined;
  /** whether a value would pass; undefined: not known yet */
  conforms(value: Node, canonical: string): boolean | undefined;
}

/** The entries of the Bundle that a resource is in. */
export interface BundleIndex {
  /** the resource that a reference leads to, as seen from the entry with this fullUrl */
  find(reference: string, fullUrl: string | undefined): Node | undefined;
  /** the entry that a resource is the resource of */
  entryOf(resource: Node): Node | undefined;
}
