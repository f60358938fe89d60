// Width classes: the class of an interval's width is the last character of its stored `p`, so that a search for what overlaps
// a point needs to look back only as far as the widest interval of each class, not over the whole index. A quantity's unit comes after it:
// each unit is a range of its own, and all units together are one, which the index skips through.

export interface WidthClass {
  digit: string;
  /** no interval of the class is wider */
  width: number;
}

const DAY = 86_400_000;
export const dateClasses: readonly WidthClass[] = [
  { digit: '0', width: DAY },
  { digit: '1', width: 32 * DAY },
  { digit: '2', width: 367 * DAY },
  { digit: '9', width: Number.POSITIVE_INFINITY },
];
export const numberClasses: readonly WidthClass[] = [
  { digit: '0', width: 1 },
  { digit: '1', width: 1000 },
  { digit: '9', width: Number.POSITIVE_INFINITY },
];
/** `value-quantity0:mg|<tag>` */
export const UNIT = ':';
export const classesOf = { d: dateClasses, q: numberClasses } as const;

const classIn =
  (classes: readonly WidthClass[]) =>
  (lo: number, hi: number): string => {
    const width = hi - lo;
    // a width that is not a number comes from two open ends
    return (classes.find((candidate) => width <= candidate.width) ?? classes[classes.length - 1]!).digit;
  };

export const dateClass = classIn(dateClasses);
export const numberClass = classIn(numberClasses);
