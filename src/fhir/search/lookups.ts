// What a plan must know that the search itself does not say: the codes of a value set, the concepts or resources above and below one, the
// items of a list. Planning stays synchronous and pure: it asks, goes on as if nothing were found, and is done once more with the answers.
import { FhirError } from '../model/errors.ts';
import type { Code } from '../terminology/terminology.ts';

export type Direction = 'above' | 'below';

export type Question =
  /** `:in`, `:not-in`: a canonical, or `ValueSet/[id]` */
  | { ask: 'value-set'; valueSet: string }
  | { ask: 'concepts'; system: string; code: string; direction: Direction }
  /** a resource and those above or below it by the reference parameters in which its type says what it is part of */
  | { ask: 'tree'; type: string; id: string; parents: readonly string[]; direction: Direction }
  | { ask: 'list'; id: string };

export type LookedUp =
  | { codes: readonly Pick<Code, 'system' | 'code'>[] }
  /** `Type/id` */
  | { references: readonly string[] }
  /** why it cannot be known, as the end of a sentence about the parameter */
  | { refused: string; kind: 'invalid' | 'not-supported' | 'too-costly' };

export type Lookups = (question: Question) => LookedUp | undefined;

/** More codes than these in one condition cost more than what they choose from. */
export const MOST_CODES = 5_000;
/** … and resources in one tree */
export const MOST_RESOURCES = 10_000;

/** For plans that are made without a database beside them. */
export const noLookups: Lookups = () => ({ refused: 'cannot be looked up here', kind: 'not-supported' });

export function lookUpCodes(
  lookups: Lookups,
  name: string,
  question: Question,
): readonly Pick<Code, 'system' | 'code'>[] {
  const found = answered(lookups(question), name);
  return found && 'codes' in found ? found.codes : [];
}

export function lookUpReferences(lookups: Lookups, name: string, question: Question): readonly string[] {
  const found = answered(lookups(question), name);
  return found && 'references' in found ? found.references : [];
}

function answered(found: LookedUp | undefined, name: string): LookedUp | undefined {
  if (found && 'refused' in found) throw new FhirError(found.kind, `Parameter ${name}: ${found.refused}`);
  return found;
}

/** Answers may raise new questions (`_filter` has lists in trees), but not for ever. */
const MOST_ROUNDS = 5;

/** Plans until nothing is asked any more. Refusals wait for the answers: a wrong value elsewhere is reported either way. */
export async function planWith<Plan>(
  plan: (lookups: Lookups) => Plan | Promise<Plan>,
  answer: (question: Question) => Promise<LookedUp>,
): Promise<Plan> {
  const answers = new Map<string, LookedUp>();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const asked = new Map<string, Question>();
    const made = await plan((question) => {
      const key = JSON.stringify(question);
      const known = answers.get(key);
      if (!known) asked.set(key, question);
      return known;
    });
    if (asked.size === 0) return made;
    await Promise.all([...asked].map(async ([key, question]) => answers.set(key, await answer(question))));
  }
  throw new FhirError('too-costly', 'The search asks for more and more with every answer');
}
