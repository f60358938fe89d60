// "Did you mean …": the nearest allowed name to one that is not allowed. Runs only once something is wrong.

/** `; did you mean "birthDate"?`, or nothing where no allowed name is near. */
export function didYouMean(wrong: string, allowed: Iterable<string>): string {
  const name = nearest(wrong, allowed);
  return name === undefined ? '' : `; did you mean "${name}"?`;
}

function nearest(wrong: string, allowed: Iterable<string>): string | undefined {
  if (wrong.length > 64) return undefined;
  const lower = wrong.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.min(4, Math.floor(wrong.length / 3) + 2);
  for (const name of allowed) {
    const other = name.toLowerCase();
    const distance = other === lower ? 0 : editDistance(lower, other, bestDistance);
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance, or `limit` where it is not below. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return Math.min(row[b.length]!, limit);
}
