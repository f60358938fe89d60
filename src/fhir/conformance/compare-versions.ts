// Which of two business versions is newer. FHIR leaves the form to the author; nearly all are semantic versions, dates or numbers.
// https://semver.org/#spec-item-11

interface Read {
  numbers: readonly number[];
  /** `-ballot`, `-cibuild`: older than the release */
  label: string;
}

function read(version: string): Read {
  const [, core = '', label = ''] = /^v?([^-+]*(?:-\d+)*)(?:[-+](.*))?$/.exec(version) ?? [];
  return { numbers: (core.match(/\d+/g) ?? []).map(Number), label };
}

/** negative: `a` is older; no version at all is oldest */
export function compareVersions(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  const [left, right] = [read(a), read(b)];
  for (let at = 0; at < Math.max(left.numbers.length, right.numbers.length); at++) {
    const difference = (left.numbers[at] ?? 0) - (right.numbers[at] ?? 0);
    if (difference !== 0) return difference;
  }
  if (left.label !== right.label) {
    if (left.label === '') return 1;
    if (right.label === '') return -1;
    return left.label < right.label ? -1 : 1;
  }
  return a < b ? -1 : 1;
}

/** Does `version` meet what a canonical asks for? `4.0` means any 4.0.x. */
export const meetsVersion = (version: string | undefined, wanted: string): boolean =>
  version !== undefined && (version === wanted || version.startsWith(`${wanted}.`));
