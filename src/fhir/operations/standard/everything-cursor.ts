// Where a page of $everything begins, as the text of its link. Nothing of it is kept on the server.
import { FhirError } from '../../model/errors.ts';

/** Where a page begins: in which chunk, at which type (absent: the first), after which match; or after which of what is referred to. */
export interface Position {
  ids: readonly string[];
  next?: string;
  part: 'records' | 'referred';
  type?: string;
  after?: string;
}

export const writeCursor = ({ ids, next, part, type, after }: Position): string =>
  Buffer.from(JSON.stringify({ ids, next, part, type, after })).toString('base64url');

export function readCursor(text: string): Position {
  let position: Partial<Position>;
  try {
    position = (JSON.parse(Buffer.from(text, 'base64url').toString()) ?? {}) as Partial<Position>;
  } catch {
    throw damagedLink();
  }
  const { ids, part, ...texts } = position;
  const isRight =
    Array.isArray(ids) &&
    [...ids, ...Object.values(texts)].every((value) => typeof value === 'string') &&
    (part === 'records' || part === 'referred');
  if (!isRight) throw damagedLink();
  return position as Position;
}

export const damagedLink = (): FhirError =>
  new FhirError('invalid', 'The page link is damaged', { expression: '_cursor' });
