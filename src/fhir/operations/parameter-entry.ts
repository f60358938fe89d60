// The entries of a Parameters resource, in which every way of sending parameters meets. https://hl7.org/fhir/R4/parameters.html

import type { Issue } from '../model/errors.ts';
import type { DECIMALS, DecimalTexts } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { didYouMean } from '../validation/hints.ts';

/** Decoded parameters by name. */
export type Values = Record<string, unknown> & { [DECIMALS]?: DecimalTexts };

export interface ParameterEntry {
  name?: unknown;
  resource?: Resource;
  part?: ParameterEntry[];
  [element: string]: unknown;
  [DECIMALS]?: DecimalTexts;
}

export interface Sent {
  entries: ParameterEntry[];
  issues: Issue[];
  /** what the caller wrote where the built Parameters has `path`; undefined where this part of the request has no such path */
  written(path: string): string | undefined;
  isParameters: boolean;
  /** the Parameters resource itself, where one was sent */
  body?: Resource;
}

/** The one of `resource` and `value[x]` that is there. */
export const contentOf = (entry: ParameterEntry): string | undefined =>
  Object.keys(entry).find((key) => key === 'resource' || /^value[A-Z]/.test(key));

export const valueElement = (type: string): string => `value${type[0]!.toUpperCase()}${type.slice(1)}`;

export const unknownName = (name: string, known: Iterable<string>, expression: string): Issue => ({
  severity: 'error',
  code: 'not-supported',
  diagnostics: `Unknown parameter '${name}'${didYouMean(name, known)}`,
  expression,
});
