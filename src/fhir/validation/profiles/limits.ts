// minValue and maxValue of dates, numbers and quantities. https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.minValue_x_
import { isNode, shown } from '../node.ts';

/** What is wrong, or undefined; also where the two cannot be compared. */
export function limitProblem(value: unknown, min: unknown, max: unknown): string | undefined {
  if (min !== undefined && (compare(value, min) ?? 0) < 0) return `must be at least ${shown(min)}`;
  if (max !== undefined && (compare(value, max) ?? 0) > 0) return `must be at most ${shown(max)}`;
  return undefined;
}

function compare(value: unknown, limit: unknown): number | undefined {
  if (typeof value === 'number' && typeof limit === 'number') return value - limit;
  if (typeof value === 'string' && typeof limit === 'string') return compareTimes(value, limit);
  if (!isNode(value) || !isNode(limit)) return undefined;
  const isSameUnit = value.code === limit.code && value.system === limit.system;
  return isSameUnit ? compare(value.value, limit.value) : undefined;
}

/** By what both say: `2024` is neither before nor after `2024-05`. */
function compareTimes(a: string, b: string): number {
  if (a.includes('T') && b.includes('T')) {
    const difference = Date.parse(a) - Date.parse(b);
    if (!Number.isNaN(difference)) return difference;
  }
  const length = Math.min(a.length, b.length);
  const [x, y] = [a.slice(0, length), b.slice(0, length)];
  return x < y ? -1 : x > y ? 1 : 0;
}
