// Gathers what a walk over a resource finds. The place is kept as two flat stacks and becomes a text only when there is something to say.
// https://hl7.org/fhir/R4/operationoutcome-definitions.html#OperationOutcome.issue.expression
import type { Issue } from '../model/errors.ts';

/** A client that broke one thing in every entry of a Bundle needs no more than these. */
const MAX_ISSUES = 50;

/** R4 issue types a check can give: https://hl7.org/fhir/R4/valueset-issue-type.html */
export type FindingCode =
  | 'structure'
  | 'required'
  | 'value'
  | 'code-invalid'
  | 'invariant'
  | 'not-found'
  | 'extension'
  | 'not-supported'
  | 'business-rule'
  | 'informational';

export type Severity = Exclude<Issue['severity'], 'fatal'>;

export interface Findings {
  readonly issues: Issue[];
  /** as many errors as are told */
  readonly isFull: boolean;
  /** errors so far, those beyond the limit included */
  readonly errors: number;
  /** how many steps deep the walk is */
  readonly level: number;
  enter(name: string, index: number): void;
  leave(): void;
  /** an error; `name` and `index` (-1: none) below the current place; no name: the place itself */
  report(code: FindingCode, diagnostics: string, name?: string, index?: number): void;
  /** the same of any severity, and how bad it is first */
  tell(severity: Severity, code: FindingCode, diagnostics: string, name?: string, index?: number): void;
  /** names of the steps from a level on, joined by points: `component.code` */
  path(fromLevel: number): string;
  /** the issues, worst first, and how many more there were */
  summary(): Issue[];
}

const ORDER: Readonly<Record<Issue['severity'], number>> = { fatal: 0, error: 1, warning: 2, information: 3 };

export function createFindings(root: string): Findings {
  const names: string[] = [];
  const indices: number[] = [];
  const issues: Issue[] = [];
  const counts = { error: 0, warning: 0, information: 0 };
  let depth = 0;

  const place = (): string => {
    let expression = root;
    for (let level = 0; level < depth; level++) expression += step(names[level]!, indices[level]!);
    return expression;
  };

  const findings: Findings = {
    issues,
    get isFull() {
      return counts.error >= MAX_ISSUES;
    },
    get errors() {
      return counts.error;
    },
    get level() {
      return depth;
    },
    enter(name, index) {
      names[depth] = name;
      indices[depth++] = index;
    },
    leave() {
      depth--;
    },
    report(code, diagnostics, name, index) {
      findings.tell('error', code, diagnostics, name, index);
    },
    tell(severity, code, diagnostics, name, index = -1) {
      if (counts[severity]++ >= MAX_ISSUES) return;
      const expression = place() + (name === undefined ? '' : step(name, index));
      issues.push({ severity, code, diagnostics, expression });
    },
    path: (fromLevel) => names.slice(fromLevel, depth).join('.'),
    summary() {
      const ordered = [...issues].sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
      for (const severity of ['error', 'warning', 'information'] as const) {
        const more = counts[severity] - MAX_ISSUES;
        if (more <= 0) continue;
        const kind = { error: 'errors', warning: 'warnings', information: 'notes' }[severity];
        const diagnostics = `${more} more ${kind} are not listed`;
        ordered.push({ severity: 'information', code: 'informational', diagnostics });
      }
      return ordered;
    },
  };
  return findings;
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `.name[2]`; FHIRPath puts names that are no identifiers in backticks */
function step(name: string, index: number): string {
  const shown = IDENTIFIER.test(name) ? name : `\`${name.slice(0, 64).replace(/[\\`]/g, '\\$&')}\``;
  return index === -1 ? `.${shown}` : `.${shown}[${index}]`;
}
