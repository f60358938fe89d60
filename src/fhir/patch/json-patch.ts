// JSON Patch on a copy of the resource. The `rfc6902` package does the operations; this file is strict about pointers, where the package
// lets `/name/length` pass, and carries the texts of decimals, which it does not know.
// https://www.rfc-editor.org/rfc/rfc6902 and https://hl7.org/fhir/R4/http.html#patch
import { applyPatch, type Operation } from 'rfc6902';
import { type ErrorKind, FhirError } from '../model/errors.ts';
import { copyJson } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { isPointer, locate, type Place } from './json-pointer.ts';
import { type Container, isContainer, sameSubject, setText, textAt } from './number-texts.ts';

/** which members an operation needs beside "op" and "path" */
const NEEDS: Readonly<Record<string, 'value' | 'from' | undefined>> = {
  add: 'value',
  remove: undefined,
  replace: 'value',
  move: 'from',
  copy: 'from',
  test: 'value',
};

interface JsonOperation extends Container {
  op: string;
  path: string;
  from?: string;
  value?: unknown;
}

/** A few dozen `copy` operations could double a resource again and again. */
const MAX_COPIED = 1_000_000;

/** Throws FhirError: 'invalid' for what is no JSON Patch, 'conflict' where it does not fit the resource; both name the operation. */
export function applyJsonPatch(resource: Resource, patch: unknown): Resource {
  if (!Array.isArray(patch)) throw new FhirError('invalid', 'A JSON Patch must be an array of operations');
  let result: unknown = copyJson(resource);
  let copied = 0;
  for (const [index, item] of patch.entries()) {
    const operation = readOperation(item, index);
    if (operation.op === 'copy') copied += countNodes(locate(result, operation.from ?? '')?.value);
    if (copied > MAX_COPIED) throw failure('too-costly', index, 'the patch copies too much');
    result = applyOperation(result, operation, index);
  }
  return sameSubject(resource, result);
}

function readOperation(item: unknown, index: number): JsonOperation {
  if (!isContainer(item) || Array.isArray(item)) throw failure('invalid', index, 'must be a JSON object');
  const { op, path } = item;
  if (typeof op !== 'string' || !Object.hasOwn(NEEDS, op)) {
    throw failure('invalid', index, `"op" must be one of ${Object.keys(NEEDS).join(', ')}`);
  }
  if (typeof path !== 'string' || !isPointer(path)) throw failure('invalid', index, '"path" must be a JSON Pointer');
  const needed = NEEDS[op];
  if (needed !== undefined && !Object.hasOwn(item, needed)) throw failure('invalid', index, `${op} needs "${needed}"`);
  if (needed === 'from' && (typeof item.from !== 'string' || !isPointer(item.from))) {
    throw failure('invalid', index, '"from" must be a JSON Pointer');
  }
  return item as JsonOperation;
}

function applyOperation(root: unknown, operation: JsonOperation, index: number): unknown {
  const { op, path, from } = operation;
  const source = from === undefined ? undefined : find(root, from, index, true);
  const value = source === undefined ? operation.value : source.value;
  if (path === '') {
    if (op !== 'test') return replaceRoot(op, value, index);
  } else {
    find(root, path, index, op === 'remove' || op === 'replace' || op === 'test');
  }
  const target = path === '' ? undefined : locate(root, path);
  if (op === 'move') refuseImpossibleMove(operation, source, target, index);
  const text = source === undefined ? textAt(operation, 'value') : textAt(source.parent, source.key);
  const [error] = applyPatch(root, [operation as unknown as Operation]);
  if (error) throw failure('conflict', index, op === 'test' ? `the value at "${path}" is another one` : error.message);
  if (op === 'move' && source !== undefined) setText(source.parent, source.key, undefined);
  if (target !== undefined && op !== 'test') settle(op, target, value, text);
  return root;
}

function refuseImpossibleMove({ path, from }: JsonOperation, source?: Place, target?: Place, index = 0): void {
  if (path.startsWith(`${from}/`)) throw failure('invalid', index, `"${from}" cannot move into itself`);
  // taking the item out makes its array shorter
  const array = source?.parent;
  if (Array.isArray(array) && target?.parent === array && target.key === String(array.length)) {
    throw failure('conflict', index, `"${path}" does not exist in the resource`);
  }
}

/** The package's copy of a value has lost its texts; what moves stays itself. */
function settle(op: string, { parent, key }: Place, value: unknown, text: string | undefined): void {
  const at = Array.isArray(parent) && key === '-' ? parent.length - 1 : key;
  const isCopied = op !== 'remove' && op !== 'move' && isContainer(value);
  if (isCopied) parent[at] = copyJson(value);
  setText(parent, at, op === 'remove' || isContainer(value) ? undefined : text);
}

function replaceRoot(op: string, value: unknown, index: number): unknown {
  if (op === 'remove') throw failure('invalid', index, 'the whole resource cannot be removed');
  return copyJson(value);
}

function find(root: unknown, pointer: string, index: number, mustExist: boolean): Place {
  const place = pointer === '' ? undefined : locate(root, pointer);
  if (place === undefined || (mustExist && !place.exists)) {
    throw failure('conflict', index, `"${pointer}" does not exist in the resource`);
  }
  return place;
}

function countNodes(value: unknown): number {
  if (!isContainer(value)) return 1;
  let count = 1;
  for (const child of Object.values(value)) count += countNodes(child);
  return count;
}

const failure = (kind: ErrorKind, index: number, problem: string): FhirError =>
  new FhirError(kind, `JSON Patch operation [${index}]: ${problem}`);
