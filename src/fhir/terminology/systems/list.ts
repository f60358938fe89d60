// A code system that is a short list of its own here.
import type { CodeSystemConcept } from 'fhir/r4.js';
import type { CodeSystemSource } from '../../model/concept.ts';
import { sourceOf } from '../code-system-resource.ts';

export interface CodeList {
  url: string;
  title: string;
  concepts: readonly CodeSystemConcept[];
}

export const listOf = ({ url, title, concepts }: CodeList): CodeSystemSource =>
  sourceOf({ resourceType: 'CodeSystem', url, title, caseSensitive: true, content: 'complete', concept: concepts })!;
