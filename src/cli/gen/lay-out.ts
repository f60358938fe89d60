/** JSON with line breaks down to `depth` levels: small, and still readable as a difference between two versions. */
export function layOut(value: unknown, depth: number): string {
  return `${write(value, depth, '')}\n`;
}

function write(value: unknown, depth: number, indent: string): string {
  if (depth === 0 || typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent} `;
  if (Array.isArray(value)) {
    return `[\n${value.map((item) => inner + write(item, depth - 1, inner)).join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{\n${entries
    .map(([key, item]) => `${inner}${JSON.stringify(key)}:${write(item, depth - 1, inner)}`)
    .join(',\n')}\n${indent}}`;
}
