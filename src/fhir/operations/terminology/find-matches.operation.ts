// CodeSystem/$find-matches: which codes have these properties? https://hl7.org/fhir/R4/codesystem-operation-find-matches.html
import type { Coding } from 'fhir/r4.js';
import type { CodeSystemFindMatchesInput, CodeSystemFindMatchesOutput } from '../../../generated/operation-io.ts';
import type { CodeSystemSource, Concept } from '../../model/concept.ts';
import { FhirError } from '../../model/errors.ts';
import { defineOperation } from '../operation.ts';
import { systemGiven } from './the-system.ts';

type Given = NonNullable<CodeSystemFindMatchesInput['property']>[number];
type Match = NonNullable<CodeSystemFindMatchesOutput['match']>[number];

/** more are no help to anybody */
const MOST = 100;

export default defineOperation<CodeSystemFindMatchesInput, CodeSystemFindMatchesOutput>({
  definition: 'CodeSystem-find-matches',
  needs: ['CodeSystem.rs'],
  async run({ system, version, property = [], exact, compositional }, context) {
    const source = await systemGiven(
      { ...(system !== undefined && { system }), ...(version !== undefined && { version }) },
      context,
    );
    if (compositional === true)
      throw new FhirError('not-supported', 'Expressions are not composed', { expression: 'compositional' });
    if (property.length === 0) throw new FhirError('required', 'property is missing', { expression: 'property' });
    for (const [index, { value, subproperty }] of property.entries()) {
      const expression = `property[${index}]`;
      if (subproperty !== undefined)
        throw new FhirError('not-supported', 'Groups of properties are not matched', { expression });
      if (value === undefined)
        throw new FhirError('required', 'A property without a value matches nothing', { expression });
    }
    const match = await matchesOf(source, property, exact);
    return match.length === 0 ? {} : { match };
  },
});

/** Codes with all properties before codes with some; words of a display only where a person chooses. */
async function matchesOf(source: CodeSystemSource, given: readonly Given[], isExact: boolean): Promise<Match[]> {
  const found = new Map<string, { concept: Concept; met: Set<Given>; byText: boolean }>();
  for (const property of given) {
    const text = textOf(property);
    for (const [isText, concepts] of [
      [false, await withProperty(source, property.code, text)],
      [true, isExact || !TEXTS.has(property.code) ? [] : await withWords(source, text)],
    ] as const) {
      for (const concept of concepts) {
        const match = found.get(concept.code) ?? { concept, met: new Set(), byText: false };
        found.set(concept.code, match);
        if (!match.met.has(property) && isText) match.byText = true;
        match.met.add(property);
      }
    }
  }
  return [...found.values()]
    .sort((a, b) => b.met.size - a.met.size || Number(a.byText) - Number(b.byText))
    .slice(0, MOST)
    .map(({ concept, met, byText }) => {
      const unmatched = given.filter((property) => !met.has(property));
      const comment = byText ? 'by the words of the display' : unmatched.length > 0 ? 'partial match' : undefined;
      return {
        code: codingOf(source, concept),
        ...(unmatched.length > 0 && {
          unmatched: unmatched.map(({ code, value }) => ({ code, value: value as NonNullable<Given['value']> })),
        }),
        ...(comment !== undefined && !isExact && { comment }),
      };
    });
}

const TEXTS: ReadonlySet<string> = new Set(['display', 'designation', 'definition']);

/** a display, or a property's value */
const textOf = ({ value }: Given): string => {
  const content = value?.value as string | number | boolean | Coding;
  return typeof content === 'object' ? (content.code ?? '') : String(content);
};

async function withProperty(source: CodeSystemSource, property: string, value: string): Promise<readonly Concept[]> {
  if (property === 'code') return source.lookupMany([value]);
  const { concepts } = await source.select({ filters: [{ property, op: '=', value }], offset: 0, count: MOST * 10 });
  return concepts;
}

async function withWords(source: CodeSystemSource, text: string): Promise<readonly Concept[]> {
  const { concepts } = await source.select({ filters: [], text, offset: 0, count: MOST });
  return concepts;
}

const codingOf = ({ url, version }: CodeSystemSource, { code, display }: Concept): Coding => ({
  system: url,
  ...(version !== undefined && { version }),
  code,
  ...(display !== undefined && { display }),
});
