// Which MongoDB release may open data of which other one.
// https://www.mongodb.com/docs/manual/release-notes/8.0-upgrade-standalone/ — one major release at a time, never back.

const numbers = (version: string): [number, number] => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return [major, minor];
};

/** `wrote` and `opens` are versions such as 6.0.5. */
export function canOpen(wrote: string, opens: string): boolean {
  const [wroteMajor, wroteMinor] = numbers(wrote);
  const [major, minor] = numbers(opens);
  if (major === wroteMajor) return minor >= wroteMinor;
  return major === wroteMajor + 1;
}

/** `6.0.5` → `6.0`, the name of the data's format (feature compatibility version) */
export const series = (version: string): string => numbers(version).join('.');
