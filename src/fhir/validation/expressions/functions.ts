// The functions of invariants. http://hl7.org/fhirpath/N1/#functions
import { deepEqual } from '../deep-equal.ts';
import {
  asBoolean,
  BAIL,
  BARE,
  type Code,
  FALSE,
  type Items,
  NONE,
  type Run,
  type Scope,
  truth,
  type Value,
} from './items.ts';
import { distinct } from './operators.ts';
import { type Syntax, Unsupported } from './syntax.ts';

/** `args` are compiled for the items of the focus where the function asks each of them, else for the focus's own scope. */
interface Compiling {
  focus: Value;
  /** an argument that is asked of each item */
  each(index: number): Code | undefined;
  /** an argument that is a value by itself */
  value(index: number): Value | undefined;
  text(index: number): string;
}

type Compile = (compiling: Compiling) => Value;

const boolean = (code: Code): Value => ({ types: ['boolean'], code });

/** one text, or nothing; `none`: what nothing gives */
const ofText = (types: readonly string[], { code }: Value, apply: (text: string) => Items, none = NONE): Value => ({
  types,
  code: (items, run) => {
    const all = code(items, run);
    if (all.length === 0) return none;
    if (all.length > 1 || typeof all[0] !== 'string') throw BAIL;
    return apply(all[0]);
  },
});

const holdsFor = (test: Code, item: unknown, run: Run): boolean => asBoolean(test([item], run)) === true;

const functions: Readonly<Record<string, Compile>> = {
  exists({ focus: { code }, each }) {
    const test = each(0);
    if (test === undefined) return boolean((items, run) => truth(code(items, run).length > 0));
    return boolean((items, run) => truth(code(items, run).some((item) => holdsFor(test, item, run))));
  },
  empty: ({ focus: { code } }) => boolean((items, run) => truth(code(items, run).length === 0)),
  not: ({ focus: { code } }) =>
    boolean((items, run) => {
      const value = asBoolean(code(items, run));
      return value === undefined ? NONE : truth(!value);
    }),
  count: ({ focus: { code } }) => ({ types: ['integer'], code: (items, run) => [code(items, run).length] }),
  hasValue: ({ focus: { code } }) =>
    boolean((items, run) => {
      const all = code(items, run);
      return truth(all.length === 1 && all[0] !== BARE && typeof all[0] !== 'object');
    }),
  where({ focus: { types, code }, each }) {
    const test = needed(each(0));
    return { types, code: (items, run) => code(items, run).filter((item) => holdsFor(test, item, run)) };
  },
  all({ focus: { code }, each }) {
    const test = needed(each(0));
    return boolean((items, run) => truth(code(items, run).every((item) => holdsFor(test, item, run))));
  },
  select({ focus: { code }, each }) {
    const project = needed(each(0));
    return {
      types: ['string'],
      code: (items, run) => code(items, run).flatMap((item) => project([item], run)),
    };
  },
  trace: ({ focus }) => focus,
  first: ({ focus: { types, code } }) => ({ types, code: (items, run) => code(items, run).slice(0, 1) }),
  last: ({ focus: { types, code } }) => ({ types, code: (items, run) => code(items, run).slice(-1) }),
  tail: ({ focus: { types, code } }) => ({ types, code: (items, run) => code(items, run).slice(1) }),
  distinct: ({ focus: { types, code } }) => ({ types, code: (items, run) => distinct(code(items, run)) }),
  isDistinct: ({ focus: { code } }) =>
    boolean((items, run) => {
      const all = code(items, run);
      return truth(distinct(all).length === all.length);
    }),
  allTrue: ({ focus: { code } }) => boolean((items, run) => truth(code(items, run).every((item) => item === true))),
  intersect({ focus: { types, code }, value }) {
    const other = needed(value(0)).code;
    return {
      types,
      code: (items, run) => {
        const own = code(items, run);
        if (own.length === 0) return NONE;
        const theirs = other(items, run);
        return own.filter((item) => theirs.some((each) => deepEqual(item, each)));
      },
    };
  },
  startsWith: ({ focus, text }) => affix(focus, text(0), (whole, part) => whole.startsWith(part)),
  endsWith: ({ focus, text }) => affix(focus, text(0), (whole, part) => whole.endsWith(part)),
  contains: ({ focus, text }) => affix(focus, text(0), (whole, part) => whole.includes(part)),
  matches({ focus, text }) {
    const pattern = readPattern(text(0));
    return ofText(['boolean'], focus, (whole) => truth(pattern.test(whole)), FALSE);
  },
  length: ({ focus }) => ofText(['integer'], focus, (whole) => [whole.length]),
  toInteger: ({ focus }) =>
    ofText(['integer'], focus, (whole) => (/^[+-]?\d{1,9}$/.test(whole) ? [Number(whole)] : NONE)),
  iif({ focus: { code }, each }) {
    const test = needed(each(0));
    const yes = needed(each(1));
    const no = each(2) ?? ((): Items => NONE);
    return {
      types: ['boolean'],
      code: (items, run) => {
        const all = code(items, run);
        return asBoolean(test(all, run)) === true ? yes(all, run) : no(all, run);
      },
    };
  },
};

/** What is not there begins with nothing: so bdl-8 is meant, and HL7's validator understands it. */
function affix(focus: Value, part: string, holds: (whole: string, part: string) => boolean): Value {
  return ofText(['boolean'], focus, (whole) => truth(holds(whole, part)), FALSE);
}

/** Published patterns escape more than Unicode's syntax knows: `\\@` in eld-16. */
function readPattern(text: string): RegExp {
  for (const flags of ['su', 's']) {
    try {
      return new RegExp(text, flags);
    } catch {
      // the next is more patient
    }
  }
  throw new Unsupported('matches');
}

function needed<T>(argument: T | undefined): T {
  if (argument === undefined) throw new Unsupported('a missing argument');
  return argument;
}

export function callFunction(name: string, focus: Value, args: readonly Syntax[], scope: Scope): Value {
  const compile = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (compile === undefined) throw new Unsupported(name);
  const built = (index: number, types: readonly string[]): Value | undefined => {
    const syntax = args[index];
    return syntax === undefined ? undefined : scope.build(syntax, { ...scope, types });
  };
  const value = compile({
    focus,
    each: (index) => built(index, focus.types)?.code,
    value: (index) => built(index, scope.types),
    text(index) {
      const syntax = args[index];
      if (syntax?.kind !== 'literal' || typeof syntax.value !== 'string') throw new Unsupported('a computed text');
      return syntax.value;
    },
  });
  // what `select` gives has the types of what it projects to
  return name === 'select' ? { ...value, types: built(0, focus.types)?.types ?? [] } : value;
}
