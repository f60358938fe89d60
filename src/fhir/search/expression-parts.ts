// The operands of a search expression's union in one spelling, so that expressions can be compared:
// `(Observation.value as Quantity)`, `Observation.value.as(Quantity)` and `Observation.value.ofType(Quantity)` are one operand.

/** Cuts at each `|` that is in no parentheses and no quotes, and writes every type cast as ` as T`. */
export function expressionParts(expression: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at < expression.length; at++) {
    const char = expression[at];
    if (char === "'") quoted = !quoted;
    else if (quoted) continue;
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === '|' && depth === 0) {
      parts.push(expression.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(expression.slice(start));
  return parts.map(normalise).filter((part) => part !== '');
}

function normalise(part: string): string {
  let text = part.trim().replace(/\s+/g, ' ');
  while (text.startsWith('(') && closing(text) === text.length - 1) text = text.slice(1, -1).trim();
  return text.replace(/^(.*)\.(?:as|ofType)\((\w+)\)$/, '$1 as $2').replace(/ as DateTime$/, ' as dateTime');
}

/** Where the parenthesis that opens the text closes. */
function closing(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return at;
  }
  return -1;
}

/** `Observation.subject.where(resolve() is Patient)` → the references it chooses from, and their type. */
export function typeRestriction(part: string): { of: string; type: string } | undefined {
  const match = /^(.+)\.where\( ?resolve\(\) is ([A-Z]\w+) ?\)$/.exec(part);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { of: match[1], type: match[2] };
}
