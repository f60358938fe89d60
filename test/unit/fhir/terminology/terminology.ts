// A terminology over resources that a test writes, or over all that is published.
import { createCanonicals } from '../../../../src/fhir/conformance/create-canonicals.ts';
import { createPublished } from '../../../../src/fhir/conformance/published.ts';
import { createShipped } from '../../../../src/fhir/conformance/shipped.ts';
import { profilesOf } from '../../../../src/fhir/definitions/profiles.ts';
import type { Resource } from '../../../../src/fhir/model/resource.ts';
import { createTerminology } from '../../../../src/fhir/terminology/create-terminology.ts';
import type { Terminology } from '../../../../src/fhir/terminology/terminology.ts';

export const terminologyOf = (resources: readonly Resource[], maxExpansion = 100): Terminology =>
  createTerminology({
    canonicals: createCanonicals({ sources: [createShipped(profilesOf(resources))] }),
    maxExpansion,
    now: Date.now,
  });

export const publishedTerminology = (): Terminology =>
  createTerminology({
    canonicals: createCanonicals({ sources: [createPublished()] }),
    maxExpansion: 100_000,
    now: Date.now,
  });

export const ANIMALS = 'http://example.org/CodeSystem/animals';

/** Nested, by properties, abstract, retired, with designations. */
export const animals: Resource = {
  resourceType: 'CodeSystem',
  url: ANIMALS,
  version: '2.1.0',
  name: 'Animals',
  status: 'active',
  content: 'complete',
  caseSensitive: true,
  valueSet: 'http://example.org/ValueSet/all-animals',
  hierarchyMeaning: 'is-a',
  property: [
    { code: 'legs', type: 'integer' },
    { code: 'habitat', type: 'code' },
    { code: 'parent', uri: 'http://hl7.org/fhir/concept-properties#parent', type: 'code' },
    { code: 'status', uri: 'http://hl7.org/fhir/concept-properties#status', type: 'code' },
    { code: 'notSelectable', uri: 'http://hl7.org/fhir/concept-properties#notSelectable', type: 'boolean' },
  ],
  concept: [
    {
      code: 'animal',
      display: 'Animal',
      property: [{ code: 'notSelectable', valueBoolean: true }],
      concept: [
        {
          code: 'mammal',
          display: 'Mammal',
          concept: [
            {
              code: 'dog',
              display: 'Dog',
              designation: [
                { language: 'de', value: 'Hund' },
                {
                  language: 'fr-CH',
                  use: { system: 'http://snomed.info/sct', code: '900000000000013009' },
                  value: 'Chien',
                },
              ],
              property: [
                { code: 'legs', valueInteger: 4 },
                { code: 'habitat', valueCode: 'house' },
              ],
            },
            {
              code: 'whale',
              display: 'Blue whale',
              property: [{ code: 'habitat', valueCode: 'sea' }],
            },
          ],
        },
        {
          code: 'bird',
          display: 'Bird',
          concept: [
            {
              code: 'dodo',
              display: 'Dodo',
              property: [
                { code: 'status', valueCode: 'retired' },
                { code: 'legs', valueInteger: 2 },
              ],
            },
          ],
        },
      ],
    },
    {
      code: 'platypus',
      display: 'Platypus',
      property: [
        { code: 'parent', valueCode: 'mammal' },
        { code: 'legs', valueInteger: 4 },
        { code: 'habitat', valueCode: 'river' },
      ],
    },
  ],
};

export const valueSet = (
  id: string,
  compose: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Resource => ({
  resourceType: 'ValueSet',
  url: `http://example.org/ValueSet/${id}`,
  status: 'active',
  ...more,
  compose,
});

interface Contains {
  code?: string;
  contains?: Contains[];
}

/** `['animal', ['mammal', …]]` as it is nested */
export const codesIn = (expanded: Resource): unknown[] => {
  const read = (items: Contains[] = []): unknown[] =>
    items.flatMap(({ code, contains }) => (contains === undefined ? [code] : [code, read(contains)]));
  return read((expanded.expansion as { contains?: Contains[] }).contains);
};
