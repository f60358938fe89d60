// Page cursors belong to who got them: a link that someone else was sent does not work for another. What a page holds is decided anew each time.
import { hash } from 'node:crypto';
import { FhirError } from '../../model/errors.ts';
import type { Caller } from '../caller.ts';

export interface Cursors {
  bind(cursor: string | undefined): string | undefined;
  /** Throws where it is another caller's. */
  release(cursor: string | undefined): string | undefined;
}

const LENGTH = 11;

export function cursorsOf({ kind, id }: Caller, secret: string): Cursors {
  // A hash behind a secret cannot be carried on from so small a part of it; an Hmac object for each page is five times as dear.
  const mark = (cursor: string): string =>
    hash('sha256', `${secret} ${kind} ${id} ${cursor}`, 'base64url').slice(0, LENGTH);
  return {
    bind: (cursor) => (cursor === undefined ? undefined : mark(cursor) + cursor),
    release(cursor) {
      if (cursor === undefined) return undefined;
      const [given, rest] = [cursor.slice(0, LENGTH), cursor.slice(LENGTH)];
      if (given === mark(rest)) return rest;
      throw new FhirError('invalid', 'This page link was made for someone else, or is damaged: start the search again');
    },
  };
}
