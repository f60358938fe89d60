// Indents JSON text for people (_pretty=true) without parsing it, so that every number and string stays as it is stored.

const INDENT = '  ';

export function prettyJson(text: string): string {
  let out = '';
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '"') {
      const end = endOfString(text, i);
      out += text.slice(i, end);
      i = end - 1;
    } else if (char === '{' || char === '[') {
      const closes = text[i + 1] === '}' || text[i + 1] === ']';
      if (closes) out += char + text[++i];
      else out += `${char}\n${INDENT.repeat(++depth)}`;
    } else if (char === '}' || char === ']') out += `\n${INDENT.repeat(--depth)}${char}`;
    else if (char === ',') out += `,\n${INDENT.repeat(depth)}`;
    else if (char === ':') out += ': ';
    else if (char > ' ') out += char;
  }
  return `${out}\n`;
}

/** the index after the closing quote of the string that begins at `start` */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}
