// Keeps secrets out of the log: by the name of a field, and by what an address with a password looks like.

const HIDDEN = '***';
const secretName =
  /^(authorization|cookie|set-cookie|password|passwd|pwd|secret|token|api-?key|client_secret|otp|code_verifier)$|(password|secret|token|apikey)$/i;

export const isSecretName = (name: string): boolean => secretName.test(name);

const credentials = /\b([a-z][a-z0-9+.-]*:\/\/)[^/\s@]*@/gi;
const bearer = /\b(bearer|basic)\s+[a-z0-9._~+/=-]+/gi;

const maskText = (text: string): string =>
  text.includes('@') || /bearer|basic/i.test(text)
    ? text.replace(credentials, `$1${HIDDEN}@`).replace(bearer, `$1 ${HIDDEN}`)
    : text;

/** A copy fit to be written: errors as their message and stack, nothing deeper than it helps to read. */
export function mask(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return maskText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value;
  if (value instanceof Error) return maskError(value, depth);
  if (depth > 5) return '…';
  if (Array.isArray(value)) return value.map((item) => mask(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, secretName.test(name) ? HIDDEN : mask(item, depth + 1)]),
  );
}

function maskError(error: Error, depth: number): unknown {
  const cause = error.cause === undefined || depth > 3 ? {} : { cause: mask(error.cause, depth + 1) };
  return { name: error.name, message: maskText(error.message), stack: maskText(error.stack ?? ''), ...cause };
}
