// Gathers what a walk over a resource finds. The place is kept as two flat stacks and becomes a text only when there is something to say.
// https://hl7.org/fhir/R4/operationoutcome-definitions.html#OperationOutcome.issue.expression
import type { Issue } from '../model/errors.ts';

/** A client that broke one thing in every entry of a Bundle needs no more than these. */
const MAX_ISSUES = 50;

/** R4 issue types a structural check can give: https://hl7.org/fhir/R4/valueset-issue-type.html */
export type FindingCode = 'structure' | 'required' | 'value' | 'code-invalid' | 'invariant';

export interface Findings {
  readonly issues: Issue[];
  readonly isFull: boolean;
  enter(name: string, index: number): void;
  leave(): void;
  /** `name` and `index` (-1: none) below the current place; no name: the place itself */
  report(code: FindingCode, diagnostics: string, name?: string, index?: number): void;
}

export function createFindings(root: string): Findings {
  const names: string[] = [];
  const indices: number[] = [];
  const issues: Issue[] = [];
  let depth = 0;

  return {
    issues,
    get isFull() {
      return issues.length >= MAX_ISSUES;
    },
    enter(name, index) {
      names[depth] = name;
      indices[depth++] = index;
    },
    leave() {
      depth--;
    },
    report(code, diagnostics, name, index = -1) {
      if (issues.length >= MAX_ISSUES) return;
      let expression = root;
      for (let level = 0; level < depth; level++) expression += step(names[level]!, indices[level]!);
      if (name !== undefined) expression += step(name, index);
      issues.push({ severity: 'error', code, diagnostics, expression });
    },
  };
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `.name[2]`; FHIRPath puts names that are no identifiers in backticks */
function step(name: string, index: number): string {
  const shown = IDENTIFIER.test(name) ? name : `\`${name.slice(0, 64).replace(/[\\`]/g, '\\$&')}\``;
  return index === -1 ? `.${shown}` : `.${shown}[${index}]`;
}
