// Parameters that shape a result rather than choose it. https://hl7.org/fhir/R4/search.html#return
import type { Definitions } from '../definitions/definitions.ts';
import { FhirError, type Issue } from '../model/errors.ts';
import { type Include, leftOut, readInclude } from './include.ts';
import { needParameter, parametersOf } from './parameters.ts';

export type Total = 'none' | 'estimate' | 'accurate';
export type Summary = 'true' | 'text' | 'data' | 'count' | 'false';

/** As the store's port has it; search does not know the store. */
export type SortKey =
  | { by: 'id' | 'lastUpdated' | 'main-date' | 'main-name'; descending: boolean }
  | { by: 'distance'; longitude: number; latitude: number; descending: false }
  | { by: 'param'; in: 'k' | 's' | 'd' | 'q'; param: string; descending: boolean };

export interface ResultShape {
  sort: SortKey[];
  count: number;
  after?: string;
  total: Total;
  summary: Summary;
  elements?: string[];
  includes: Include[];
  /** how the database found it is asked for as well */
  explain: boolean;
}

interface ResultContext {
  definitions: Definitions;
  type: string;
  maxPageSize: number;
  /** what the result lacks although it was asked for */
  warnings: Issue[];
}

type ReadParameter = (shape: ResultShape, value: string, modifier: string | undefined, context: ResultContext) => void;

function choice<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined)
    throw new FhirError('invalid', `Parameter ${name} must be one of ${allowed.join(', ')}, not '${value}'`);
  return found;
}

const ignored: ReadParameter = () => {};

export const resultParameters: ReadonlyMap<string, ReadParameter> = new Map<string, ReadParameter>([
  [
    '_sort',
    (shape, value, _modifier, { definitions, type }) => {
      for (const field of value.split(',')) shape.sort.push(...sortKeys(definitions, type, field.trim()));
    },
  ],
  [
    '_count',
    (shape, value, _modifier, { maxPageSize }) => {
      if (!/^\d{1,9}$/.test(value))
        throw new FhirError('invalid', `Parameter _count must be a whole number, not '${value}'`);
      shape.count = Math.min(Number(value), maxPageSize);
    },
  ],
  [
    '_total',
    (shape, value) => {
      shape.total = choice('_total', value, ['none', 'estimate', 'accurate']);
    },
  ],
  [
    '_summary',
    (shape, value) => {
      shape.summary = choice('_summary', value, ['true', 'text', 'data', 'count', 'false']);
    },
  ],
  [
    '_elements',
    (shape, value) => {
      const names = value.split(',').map((name) => name.trim());
      shape.elements = [...(shape.elements ?? []), ...names.filter((name) => name !== '')];
    },
  ],
  [
    '_include',
    (shape, value, modifier, context) =>
      addInclude(shape, context, { name: '_include', modifier, value, type: context.type }),
  ],
  [
    '_revinclude',
    (shape, value, modifier, context) =>
      addInclude(shape, context, { name: '_revinclude', modifier, value, type: context.type }),
  ],
  [
    '_cursor',
    (shape, value) => {
      shape.after = value;
    },
  ],
  [
    '_explain',
    (shape, value) => {
      shape.explain = choice('_explain', value, ['true', 'false']) === 'true';
    },
  ],
  ['_format', ignored],
  ['_pretty', ignored],
]);

/** Of one page, not of the search: links do not repeat them. */
export const notInLinks: ReadonlySet<string> = new Set(['_count', '_cursor', '_explain']);

function addInclude(
  shape: ResultShape,
  { definitions, warnings }: ResultContext,
  asked: Parameters<typeof readInclude>[1],
): void {
  shape.includes.push(...readInclude(definitions, asked));
  for (const { type, code } of leftOut(definitions, asked))
    warnings.push({
      severity: 'warning',
      code: 'incomplete',
      diagnostics: `Search parameter ${code} of ${type} is being indexed; ${asked.name}=${asked.value} does not follow it yet`,
    });
}

/** `-date` → the type's main date, newest first. A union of parameters is ordered by each in turn. */
function sortKeys(definitions: Definitions, type: string, field: string): SortKey[] {
  const descending = field.startsWith('-');
  const code = descending ? field.slice(1) : field;
  if (code === '_id') return [{ by: 'id', descending }];
  if (code === '_lastUpdated') return [{ by: 'lastUpdated', descending }];
  const { mainDate, mainName } = parametersOf(definitions, type);
  const parameter = needParameter(definitions, type, code);
  if (parameter.composition) throw new FhirError('invalid', `Parameter _sort: ${code} has no order`);
  return parameter.sources.map(({ code: param }) => {
    if (parameter.definition.type === 'date' && param === mainDate) return { by: 'main-date', descending };
    if (parameter.definition.type === 'string' && param === mainName) return { by: 'main-name', descending };
    return { by: 'param', in: parameter.type.keys, param, descending };
  });
}
