// The statistics of $stats over numbers. Pure. https://hl7.org/fhir/R4/valueset-observation-statistics.html

export interface Measured {
  value: number;
  /** ms */
  time: number | undefined;
}

/** A result in the unit of the values, in its square, without one, or the change of it in a day. */
export interface Statistic {
  value: number;
  unit: 'same' | 'squared' | 'none' | 'per-day';
  /** where a code gives several values */
  text?: string;
}

type Compute = (values: Values) => Statistic | readonly Statistic[] | undefined;

interface Values {
  sorted: readonly number[];
  measured: readonly Measured[];
  /** measurements that count, and those that were left out too */
  total: number;
  /** ms, what the intercept of a regression is at */
  start: number;
}

const DAY = 86_400_000;

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
const mean = (numbers: readonly number[]): number => sum(numbers) / numbers.length;
/** the mean of the n-th power of the distances from the mean */
const moment = (numbers: readonly number[], power: number): number => {
  const middle = mean(numbers);
  return mean(numbers.map((one) => (one - middle) ** power));
};
const variance = (numbers: readonly number[]): number => (moment(numbers, 2) * numbers.length) / (numbers.length - 1);

/** Interpolated linearly between the nearest two. */
function percentile(sorted: readonly number[], part: number): number {
  const place = (sorted.length - 1) * part;
  const below = Math.floor(place);
  const low = sorted[below]!;
  return low + ((sorted[below + 1] ?? low) - low) * (place - below);
}

const same =
  (compute: (sorted: readonly number[]) => number, least = 1): Compute =>
  ({ sorted }) =>
    sorted.length < least ? undefined : { value: compute(sorted), unit: 'same' };
const at = (part: number): Compute => same((sorted) => percentile(sorted, part));
const shape =
  (power: number): Compute =>
  ({ sorted }) => {
    const spread = sorted.length < 2 ? 0 : moment(sorted, 2);
    return spread === 0 ? undefined : { value: moment(sorted, power) / spread ** (power / 2), unit: 'none' };
  };

/** Least squares over time, in days from the beginning of the period. */
const regression: Compute = ({ measured, start }) => {
  const timed = measured.filter(({ time }) => time !== undefined);
  const x = timed.map(({ time }) => (time! - start) / DAY);
  const y = timed.map(({ value }) => value);
  const [middleX, middleY] = [mean(x), mean(y)];
  const spread = sum(x.map((one) => (one - middleX) ** 2));
  if (timed.length < 2 || spread === 0) return undefined;
  const gradient = sum(x.map((one, index) => (one - middleX) * (y[index]! - middleY))) / spread;
  return [
    { value: gradient, unit: 'per-day', text: 'gradient' },
    { value: middleY - gradient * middleX, unit: 'same', text: 'intercept' },
  ];
};

export const statistics: ReadonlyMap<string, { display: string; compute: Compute }> = new Map(
  Object.entries({
    average: { display: 'Average', compute: same(mean) },
    maximum: { display: 'Maximum', compute: same((sorted) => sorted.at(-1)!) },
    minimum: { display: 'Minimum', compute: same((sorted) => sorted[0]!) },
    count: { display: 'Count', compute: ({ sorted }) => ({ value: sorted.length, unit: 'none' }) },
    'total-count': { display: 'Total Count', compute: ({ total }) => ({ value: total, unit: 'none' }) },
    median: { display: 'Median', compute: at(0.5) },
    'std-dev': { display: 'Standard Deviation', compute: same((sorted) => Math.sqrt(variance(sorted)), 2) },
    sum: { display: 'Sum', compute: same(sum) },
    variance: {
      display: 'Variance',
      compute: ({ sorted }) => (sorted.length < 2 ? undefined : { value: variance(sorted), unit: 'squared' }),
    },
    '20-percent': { display: '20th Percentile', compute: at(0.2) },
    '80-percent': { display: '80th Percentile', compute: at(0.8) },
    '4-lower': { display: 'Lower Quartile', compute: at(0.25) },
    '4-upper': { display: 'Upper Quartile', compute: at(0.75) },
    '4-dev': {
      display: 'Quartile Deviation',
      compute: same((sorted) => (percentile(sorted, 0.75) - percentile(sorted, 0.25)) / 2),
    },
    '5-1': { display: '1st Quintile', compute: at(0.2) },
    '5-2': { display: '2nd Quintile', compute: at(0.4) },
    '5-3': { display: '3rd Quintile', compute: at(0.6) },
    '5-4': { display: '4th Quintile', compute: at(0.8) },
    skew: { display: 'Skew', compute: shape(3) },
    kurtosis: { display: 'Kurtosis', compute: shape(4) },
    regression: { display: 'Regression', compute: regression },
  } satisfies Record<string, { display: string; compute: Compute }>),
);

export function statisticOf(
  code: string,
  measured: readonly Measured[],
  facts: Pick<Values, 'total' | 'start'>,
): readonly Statistic[] {
  const sorted = measured.map(({ value }) => value).sort((a, b) => a - b);
  const result = statistics.get(code)!.compute({ ...facts, sorted, measured });
  if (result === undefined) return [];
  return (Array.isArray(result) ? result : [result]).map((one) => ({ ...one, value: rounded(one.value) }));
}

/** What binary arithmetic adds behind the twelfth digit is no measurement. */
const rounded = (value: number): number => Number(value.toPrecision(12));
