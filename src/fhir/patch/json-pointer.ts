// JSON Pointer, strictly: a step through an array is an index that exists, through an object a member of its own.
// https://www.rfc-editor.org/rfc/rfc6901
import { type Container, isContainer } from './number-texts.ts';

export interface Place {
  parent: Container;
  key: string;
  exists: boolean;
  value: unknown;
}

const INDEX = /^(?:0|[1-9][0-9]{0,8})$/;

export const isPointer = (pointer: string): boolean => /^(?:\/(?:[^~/]|~[01])*)*$/.test(pointer);

/** Where a pointer other than "" leads. undefined: its parent does not exist, or its last step cannot be in the parent. */
export function locate(root: unknown, pointer: string): Place | undefined {
  const steps = pointer.slice(1).split('/');
  let at = root;
  for (let i = 0; ; i++) {
    const key = steps[i]!.replaceAll('~1', '/').replaceAll('~0', '~');
    if (!isContainer(at)) return undefined;
    const exists = Array.isArray(at) ? INDEX.test(key) && Number(key) < at.length : Object.hasOwn(at, key);
    if (i === steps.length - 1) {
      const fits = !Array.isArray(at) || exists || key === '-' || key === String(at.length);
      return fits && key !== '__proto__' ? { parent: at, key, exists, value: exists ? at[key] : undefined } : undefined;
    }
    if (!exists) return undefined;
    at = at[key];
  }
}
