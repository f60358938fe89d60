// The code systems that are here without a CodeSystem resource: grammars and ISO lists. A new one is one line here.
// https://hl7.org/fhir/R4/terminologies-systems.html
import type { CodeSystemSource } from '../../model/concept.ts';
import { countries, subdivisions } from './countries.ts';
import { currencies } from './currencies.ts';
import { languageTags } from './language-tags.ts';
import { mediaTypes } from './media-types.ts';
import { createRuleSource } from './rule-source.ts';
import { timeZones } from './time-zones.ts';
import { ucum } from './ucum.ts';
import { uris } from './uris.ts';

const all: readonly CodeSystemSource[] = [
  ...[ucum, languageTags, mediaTypes, subdivisions, timeZones, uris].map(createRuleSource),
  countries,
  currencies,
];

export const builtInSystems: ReadonlyMap<string, CodeSystemSource> = new Map(all.map((source) => [source.url, source]));
