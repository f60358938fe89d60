// A refusal as a page shows it: the whole at its top, and beside each field what is wrong with it. Pure.
import { FhirError } from '../../fhir/model/errors.ts';
import { RedisAway } from '../../platform/redis/scripts.ts';

export interface Problem {
  sentences: readonly string[];
  /** by the field's name */
  fields: Readonly<Record<string, string>>;
  /** one by one, with the place that each is about */
  details: readonly { expression?: string; text: string }[];
}

/** `Parameters.parameter[2].value` and `email` → the field's name, where the refusal tells one */
export function problemOf({ issues, message }: FhirError): Problem {
  const fields: Record<string, string> = {};
  for (const { expression, diagnostics } of issues) {
    const name = /^[A-Za-z]+/.exec(expression ?? '')?.[0];
    if (name !== undefined)
      fields[name] = name in fields ? `${fields[name]} ${asSentence(diagnostics)}` : asSentence(diagnostics);
  }
  const said = issues.map(({ diagnostics }) => asSentence(diagnostics));
  return {
    sentences: said.length === 0 ? [asSentence(message)] : [...new Set(said)],
    fields,
    details: issues.map(({ expression, diagnostics }) => ({
      ...(expression !== undefined && { expression }),
      text: asSentence(diagnostics),
    })),
  };
}

const asSentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

export interface Explained {
  status: number;
  title: string;
  sentence: string;
  headers: Readonly<Record<string, string>>;
}

const titles: Partial<Record<FhirError['kind'], string>> = {
  'not-found': 'There is nothing here',
  deleted: 'There is nothing here',
  forbidden: 'This is not for you',
  throttled: 'Too much at once',
  transient: 'Not possible at the moment',
};

/** A page of its own for what cannot be put right where it happened. */
export function explain(error: unknown): Explained {
  if (error instanceof RedisAway) {
    return {
      status: 503,
      title: titles.transient!,
      sentence: 'Please try again in a moment.',
      headers: { 'Retry-After': '5' },
    };
  }
  if (!(error instanceof FhirError) || error.kind === 'exception') {
    const sentence =
      'Something went wrong here. Please try again; if it stays so, tell your administrator when it happened.';
    return { status: 500, title: 'This did not work', sentence, headers: {} };
  }
  const { status, kind, message, headers } = error;
  return { status, title: titles[kind] ?? 'This did not work', sentence: asSentence(message), headers };
}
