// The FHIRPath Patch that makes one resource of another. Pure. https://hl7.org/fhir/R4/fhirpatch.html
// Operations are applied one after the other, so within an element what is added and changed comes before what is deleted: an element that
// were emptied on the way would be gone.
import type { Definitions, ElementDefinition } from '../../definitions/definitions.ts';
import { DECIMALS, numberText } from '../../model/json.ts';
import type { Resource } from '../../model/resource.ts';

interface Node {
  [key: string]: unknown;
}

export interface PatchPart {
  name: string;
  part?: PatchPart[];
  [value: string]: unknown;
}

export interface PatchOperation {
  name: 'operation';
  part: PatchPart[];
}

/** One value of an element: what its JSON property has, and what the property with the underscore says beside it. */
interface Item {
  /** of the property: `valueQuantity` */
  type: string;
  value: unknown;
  companion: unknown;
  text: string | undefined;
}

/** `id`, `meta.versionId` and `meta.lastUpdated` are the server's own and never told; the rest of meta is where `withMeta` says so. */
export function diffOf(
  definitions: Definitions,
  before: Resource,
  after: Resource,
  withMeta: boolean,
): PatchOperation[] {
  const type = before.resourceType;
  const operations: PatchOperation[] = [];
  const open = new Set(
    [...(definitions.type('Parameters.parameter')?.elements.values() ?? [])]
      .filter(({ choice }) => choice === 'value')
      .map((element) => element.type),
  );
  const differ = { definitions, operations, open };
  diffChildren(differ, type, type, comparable(before, withMeta), comparable(after, withMeta));
  return operations;
}

function comparable({ resourceType: _type, id: _id, meta, ...rest }: Resource, withMeta: boolean): Node {
  if (!withMeta || meta === undefined) return rest;
  const { versionId: _version, lastUpdated: _time, ...told } = meta;
  return { ...rest, meta: told };
}

interface Differ {
  definitions: Definitions;
  operations: PatchOperation[];
  /** types that a value[x] may have */
  open: ReadonlySet<string>;
}

function diffChildren(differ: Differ, path: string, type: string, before: Node, after: Node): void {
  const deletions: (() => void)[] = [];
  for (const [name, elements] of byName(differ.definitions, type)) {
    const isArray = elements[0]!.isArray;
    const [from, to] = [itemsOf(before, elements), itemsOf(after, elements)];
    const at = `${path}.${escaped(name)}`;
    if (isArray) deletions.push(...diffList(differ, { at, parent: path, name }, from, to));
    else {
      const [[old], [fresh]] = [from, to];
      if (old === undefined && fresh !== undefined) emit(differ, 'add', path, { name, item: fresh });
      else if (old !== undefined && fresh === undefined) deletions.push(() => emit(differ, 'delete', at));
      else if (old !== undefined && fresh !== undefined) change(differ, at, old, fresh);
    }
  }
  for (const remove of deletions) remove();
}

/** Names that FHIRPath reads as operators: https://hl7.org/fhirpath/N1/#delimited-identifiers */
const OPERATORS = new Set(['div', 'mod', 'and', 'or', 'xor', 'implies', 'is', 'as', 'in', 'contains']);
const escaped = (name: string): string => (OPERATORS.has(name) ? `\`${name}\`` : name);

/** `value` → valueQuantity, valueString …; in the order of the definition */
function byName(definitions: Definitions, type: string): Map<string, ElementDefinition[]> {
  const groups = new Map<string, ElementDefinition[]>();
  for (const element of definitions.type(type)?.elements.values() ?? []) {
    const name = element.choice ?? element.name;
    groups.set(name, [...(groups.get(name) ?? []), element]);
  }
  return groups;
}

function itemsOf(node: Node, elements: readonly ElementDefinition[]): Item[] {
  const element = elements.find(({ name }) => node[name] !== undefined || node[`_${name}`] !== undefined);
  if (element === undefined) return [];
  const { name, type, isArray } = element;
  const [value, companion] = [node[name], node[`_${name}`]];
  if (!isArray) return [{ type, value, companion, text: textOf(node, name) }];
  const [values, companions] = [value, companion].map((list) => (Array.isArray(list) ? (list as unknown[]) : []));
  return Array.from({ length: Math.max(values!.length, companions!.length) }, (_, index) => ({
    type,
    value: values![index] ?? undefined,
    companion: companions![index] ?? undefined,
    text: values!.length > index ? textOf(values!, index) : undefined,
  }));
}

const textOf = (parent: object, key: string | number): string | undefined =>
  typeof (parent as Node)[key] === 'number' ? numberText(parent, key) : undefined;

/** An element that is there before and after. */
function change(differ: Differ, at: string, old: Item, fresh: Item): void {
  if (isSame(old, fresh)) return;
  const isDeep = old.type === fresh.type && isObject(old.value) && isObject(fresh.value) && fresh.type !== 'Resource';
  if (isDeep) diffChildren(differ, at, fresh.type, old.value as Node, fresh.value as Node);
  else emit(differ, 'replace', at, { item: fresh });
}

interface List {
  at: string;
  parent: string;
  name: string;
}

/** What is to be deleted is given back, to be done last. */
function diffList(
  differ: Differ,
  { at, parent, name }: List,
  from: readonly Item[],
  to: readonly Item[],
): (() => void)[] {
  if (from.length === 0) {
    for (const item of to) emit(differ, 'add', parent, { name, item });
    return [];
  }
  if (to.length === 0) return from.map((_, index) => () => emit(differ, 'delete', `${at}[${from.length - 1 - index}]`));
  // the list as it is so far: what is left of `from` behind what has become of it
  let place = 0;
  for (const { old, fresh } of runsOf(from, to)) {
    const both = Math.min(old.length, fresh.length);
    for (let index = 0; index < both; index++) change(differ, `${at}[${place + index}]`, old[index]!, fresh[index]!);
    for (let index = both; index < fresh.length; index++)
      emit(differ, 'insert', at, { item: fresh[index]!, index: place + index });
    for (let index = old.length - 1; index >= both; index--) emit(differ, 'delete', `${at}[${place + index}]`);
    place += fresh.length;
  }
  return [];
}

interface RunOf {
  old: readonly Item[];
  fresh: readonly Item[];
}

/** Beyond this many comparisons lists are compared place by place. */
const MOST_COMPARISONS = 250_000;

/** Cuts both lists at what they have in common, in order; a common item is a run of its own. */
function runsOf(from: readonly Item[], to: readonly Item[]): RunOf[] {
  let start = 0;
  while (start < from.length && start < to.length && isSame(from[start]!, to[start]!)) start++;
  let end = 0;
  const most = Math.min(from.length, to.length) - start;
  while (end < most && isSame(from[from.length - 1 - end]!, to[to.length - 1 - end]!)) end++;
  const [old, fresh] = [from.slice(start, from.length - end), to.slice(start, to.length - end)];
  const same = (items: readonly Item[]): RunOf => ({ old: items, fresh: items });
  const middle = old.length * fresh.length > MOST_COMPARISONS ? [{ old, fresh }] : commonRuns(old, fresh);
  return [same(from.slice(0, start)), ...middle, same(from.slice(from.length - end))];
}

/** By the longest common subsequence. */
function commonRuns(old: readonly Item[], fresh: readonly Item[]): RunOf[] {
  const width = fresh.length + 1;
  const lengths = new Uint32Array((old.length + 1) * width);
  const equal = old.map((one) => fresh.map((other) => isSame(one, other)));
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = fresh.length - 1; j >= 0; j--) {
      lengths[i * width + j] = equal[i]![j]!
        ? lengths[(i + 1) * width + j + 1]! + 1
        : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  const runs: RunOf[] = [];
  let [i, j, fromI, fromJ] = [0, 0, 0, 0];
  while (i < old.length && j < fresh.length) {
    if (equal[i]![j]!) {
      runs.push({ old: old.slice(fromI, i), fresh: fresh.slice(fromJ, j) }, { old: [old[i]!], fresh: [fresh[j]!] });
      [i, j] = [i + 1, j + 1];
      [fromI, fromJ] = [i, j];
    } else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i++;
    else j++;
  }
  return [...runs, { old: old.slice(fromI), fresh: fresh.slice(fromJ) }];
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const isSame = (a: Item, b: Item): boolean =>
  a.type === b.type && a.text === b.text && sameJson(a.value, b.value) && sameJson(a.companion, b.companion);

/** Whatever the order of properties; a decimal is the same where its text is. */
function sameJson(a: unknown, b: unknown): boolean {
  if (a === b && !isObject(a)) return true;
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  const [x, y] = [a as Node, b as Node];
  const keys = Object.keys(x);
  if (keys.length !== Object.keys(y).length) return false;
  return keys.every((key) => Object.hasOwn(y, key) && sameJson(x[key], y[key]) && textOf(x, key) === textOf(y, key));
}

function emit(
  { operations, ...differ }: Differ,
  type: 'add' | 'insert' | 'delete' | 'replace',
  path: string,
  { name, item, index }: { name?: string; item?: Item; index?: number } = {},
): void {
  operations.push({
    name: 'operation',
    part: [
      { name: 'type', valueCode: type },
      { name: 'path', valueString: path },
      ...(name === undefined ? [] : [{ name: 'name', valueString: name }]),
      ...(item === undefined ? [] : [partOf(differ, 'value', item)]),
      ...(index === undefined ? [] : [{ name: 'index', valueInteger: index }]),
    ],
  });
}

type Writer = Pick<Differ, 'definitions' | 'open'>;

/** As value[x] where its type may be one, else part by part. https://hl7.org/fhir/R4/fhirpatch.html#concept */
function partOf(writer: Writer, name: string, { type, value, companion, text }: Item): PatchPart {
  if (isObject(value) && typeof (value as Node).resourceType === 'string') return { name, resource: value };
  const isPrimitive = writer.definitions.type(type)?.kind === 'primitive';
  if (isPrimitive || writer.open.has(type)) {
    // xhtml is no value[x]
    const told = writer.open.has(type) ? type : 'string';
    const property = `value${told[0]!.toUpperCase()}${told.slice(1)}`;
    return {
      name,
      ...(value === undefined ? {} : { [property]: value }),
      ...(companion === undefined ? {} : { [`_${property}`]: companion }),
      ...(text === undefined ? {} : { [DECIMALS]: { [property]: text } }),
    };
  }
  const part = [...byName(writer.definitions, type)].flatMap(([child, elements]) =>
    itemsOf(value as Node, elements).map((item) => partOf(writer, child, item)),
  );
  return { name, part };
}
