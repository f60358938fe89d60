// What both $validate-code operations answer: one right coding is enough. https://hl7.org/fhir/R4/valueset-operation-validate-code.html
import type { Code } from '../../model/concept.ts';
import type { Verdict } from '../../terminology/terminology.ts';

export interface Validation extends Record<string, unknown> {
  result: boolean;
  message?: string;
  display?: string;
}

export async function validateCodes(
  codes: readonly Code[],
  validate: (code: Code) => Promise<Verdict>,
): Promise<Validation> {
  const verdicts: Verdict[] = [];
  for (const code of codes) {
    const verdict = await validate(code);
    if (verdict.result) return withHints(verdict, verdicts);
    verdicts.push(verdict);
  }
  const display = verdicts.find((verdict) => verdict.display !== undefined)?.display;
  return {
    result: false,
    message: messagesOf(verdicts).join('; '),
    ...(display !== undefined && { display }),
  };
}

/** What is wrong with the codings before the right one is worth knowing. */
function withHints(right: Verdict, wrong: readonly Verdict[]): Validation {
  const messages = messagesOf([...wrong.filter((verdict) => 'isDisplay' in verdict), right]);
  return {
    result: true,
    ...(messages.length > 0 && { message: messages.join('; ') }),
    ...(right.display !== undefined && { display: right.display }),
  };
}

const messagesOf = (verdicts: readonly Verdict[]): string[] => [
  ...new Set(verdicts.flatMap(({ message }) => (message === undefined ? [] : [message]))),
];
