// Search semantics as data: some resources, and which of them each query finds.
import type { Resource } from '../../../src/fhir/model/resource.ts';

export interface SearchCases {
  title: string;
  /** the type that is searched */
  type: string;
  /** where dates without a zone are; UTC unless said otherwise */
  timeZone?: string;
  /** of any type; those of `type` can be found */
  resources: readonly Resource[];
  /** query → ids found (in any order, unless it sorts), or `refused` */
  rows: readonly (readonly [query: string, expected: readonly string[] | 'refused'])[];
  /** joins and pages need the database */
  needsStore?: boolean;
}
