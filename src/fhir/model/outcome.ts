// The one place where an error becomes an OperationOutcome.
import { FhirError, type Issue } from './errors.ts';

export interface OperationOutcome {
  resourceType: 'OperationOutcome';
  issue: { severity: string; code: string; diagnostics: string; expression?: string[] }[];
}

export function outcomeOf(issues: readonly Issue[]): OperationOutcome {
  return {
    resourceType: 'OperationOutcome',
    issue: issues.map(({ severity, code, diagnostics, expression }) => ({
      severity,
      code,
      diagnostics,
      ...(expression === undefined ? {} : { expression: [expression] }),
    })),
  };
}

/** An unknown error is ours: 500, and it shows nothing but the correlation id. */
export function errorOutcome(error: unknown, correlationId: string): OperationOutcome {
  if (error instanceof FhirError) return outcomeOf(error.issues);
  return outcomeOf([
    {
      severity: 'fatal',
      code: 'exception',
      diagnostics: `Internal error. Give this id to the operator: ${correlationId}`,
    },
  ]);
}
