// Slicing: which items belong to which slice, and what each slice asks. https://hl7.org/fhir/R4/profiling.html#slicing
import type { Item, ProfileElement, Slice } from './plan.ts';
import type { Run } from './run.ts';

type CheckNode = (element: ProfileElement, item: Item, by: string, run: Run) => void;

/** `items` are those of the sliced element; those that a slice takes are checked as that slice, and sliced again where it is sliced itself. */
export function checkSlicing(
  element: ProfileElement,
  items: readonly Item[],
  by: string,
  run: Run,
  checkNode: CheckNode,
): void {
  const { findings } = run;
  const { slicing, name, id } = element;
  if (slicing === undefined) return;
  const { slices, rules, isOrdered } = slicing;
  const taken = new Map<Slice, Item[]>();
  let undecided = 0;
  let last = -1;
  let unmatchedAt = -1;
  for (const item of items) {
    const found = slices.filter((slice) => {
      const is = slice.matches(item, run);
      if (is === undefined) undecided++;
      return is === true;
    });
    const [slice, another] = found;
    if (slice === undefined) {
      if (rules === 'closed' && undecided === 0) {
        const known = slices.map((each) => each.name).join(', ');
        findings.report(
          'structure',
          `${id} holds something that is none of the slices ${known} of ${by}`,
          name,
          item.index,
        );
      }
      unmatchedAt = item.index;
      continue;
    }
    if (another !== undefined) {
      const names = found.map((each) => each.name).join(' and ');
      findings.report('structure', `${id} holds something that is ${names} at once by ${by}`, name, item.index);
    }
    if (rules === 'openAtEnd' && unmatchedAt !== -1) {
      findings.report('structure', `${id}:${slice.name} must come before what is no slice of ${by}`, name, item.index);
    }
    const position = slices.indexOf(slice);
    if (isOrdered && position < last) {
      findings.report(
        'structure',
        `${id}:${slice.name} must come before ${slices[last]?.name} by ${by}`,
        name,
        item.index,
      );
    }
    last = Math.max(last, position);
    const own = taken.get(slice);
    if (own === undefined) taken.set(slice, [item]);
    else own.push(item);
  }
  for (const slice of slices) checkSlice(slice, taken.get(slice) ?? [], undecided > 0);

  function checkSlice(
    { element: sliceElement, name: sliceName }: Slice,
    own: readonly Item[],
    isUndecided: boolean,
  ): void {
    const { min, max } = sliceElement;
    if (own.length < min && !isUndecided) {
      const found = own.length === 0 ? 'missing' : `there ${own.length} times`;
      findings.report('required', `The slice ${id}:${sliceName} is ${found}, ${by} asks for at least ${min}`, name);
    } else if (own.length > max) {
      const problem = max === 0 ? 'is not allowed' : `may be there ${max} times at most, not ${own.length} times,`;
      findings.report('structure', `The slice ${id}:${sliceName} ${problem} by ${by}`, name);
    }
    for (const item of own) {
      findings.enter(name, item.index);
      checkNode(sliceElement, item, by, run);
      findings.leave();
    }
    checkSlicing(sliceElement, own, by, run, checkNode);
  }
}
