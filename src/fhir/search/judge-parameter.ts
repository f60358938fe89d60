// Whether a SearchParameter that was posted, or came in a package, can be searched by, and on which types it adds something to what is
// there. Pure. https://hl7.org/fhir/R4/searchparameter.html
import type { Definitions, SearchParameter, SearchParameterType } from '../definitions/definitions.ts';
import { readSearchParameter, type SearchParameterResource } from '../definitions/read-search-parameter.ts';
import type { SlimParameter } from '../definitions/slim.ts';
import type { Issue } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import { compileExpression } from './expression/compile.ts';
import { expressionParts, typeRestriction } from './expression-parts.ts';
import { resultParameters } from './result-parameters.ts';
import { searchTypes } from './types/index.ts';

export type Verdict =
  /** a draft, or retired: it is kept, and not searched by */
  | { kind: 'inactive' }
  /** the specification's own, or one that came with the server */
  | { kind: 'published' }
  | {
      kind: 'added';
      /** on those types where it adds something; on none where all is `answered` */
      parameter: SlimParameter;
      /** type → the URL of the parameter that has the code already, and means the same there or more */
      answered: ReadonlyMap<string, string>;
    }
  | { kind: 'refused'; issues: Issue[] };

/** becomes part of every key */
const CODE = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/;
/** parameters of the specification without a definition of their own, or with a meaning that no expression can give */
const RESERVED = new Set([
  '_filter',
  '_has',
  '_list',
  '_query',
  '_text',
  '_content',
  '_type',
  '_contained',
  '_containedType',
  '_score',
]);
const ABSTRACT = ['Resource', 'DomainResource'];

export function judgeParameter(definitions: Definitions, resource: Resource): Verdict {
  if (resource.status !== 'active') return { kind: 'inactive' };
  const issues: Issue[] = [];
  const refuse = (element: string, diagnostics: string, code = 'invalid'): void => {
    issues.push({ severity: 'error', code, diagnostics, expression: `SearchParameter.${element}` });
  };
  const asked = resource as unknown as SearchParameterResource;
  for (const element of ['url', 'code', 'type', 'base'] as const)
    if (asked[element] === undefined) refuse(element, `A search parameter needs ${element}`, 'required');
  if (issues.length > 0) return { kind: 'refused', issues };

  const slim = readSearchParameter(asked);
  const own = publishedBy(definitions, asked.url);
  if (own.length > 0) {
    const differing = own.find(([, known]) => known.code !== asked.code || known.type !== asked.type);
    if (!differing) return { kind: 'published' };
    const [type, { code, type: kind }] = differing;
    refuse(
      'url',
      `This is the URL of the published parameter ${code} (${kind}) of ${type}; another one needs its own`,
      'business-rule',
    );
    return { kind: 'refused', issues };
  }
  if (!CODE.test(asked.code)) refuse('code', `'${asked.code}' cannot be the name of a parameter in a URL`, 'value');
  if (RESERVED.has(asked.code) || resultParameters.has(asked.code))
    refuse('code', `'${asked.code}' has a meaning of its own in every search`, 'business-rule');
  if (!Object.hasOwn(searchTypes, asked.type) || asked.type === 'special')
    refuse('type', `A parameter of type '${asked.type}' is no expression, so it cannot be added`, 'not-supported');
  if (asked.expression === undefined)
    refuse('expression', 'Without an expression there is nothing to find', 'required');
  if (issues.length > 0) return { kind: 'refused', issues };

  const on: Record<string, SlimParameter['on'][string]> = {};
  const answered = new Map<string, string>();
  const taken = new Map<string, string[]>();
  asked.base.forEach((base, index) => {
    const types = ABSTRACT.includes(base)
      ? definitions.resourceTypes.filter((type) => type !== 'Parameters' && isKindOf(definitions, type, base))
      : [base];
    if (!definitions.resourceTypes.includes(types[0] ?? '')) {
      refuse(`base[${index}]`, `There is no type ${base}`, 'code-invalid');
      return;
    }
    const about = slim.on[base] ?? {};
    if (about.expression === undefined) {
      refuse('expression', `No part of it speaks of ${base}`);
      return;
    }
    const read = readExpression(definitions, types[0]!, about.expression, asked.type as SearchParameterType);
    if ('wrong' in read) {
      refuse('expression', read.wrong);
      return;
    }
    for (const type of types) {
      if (on[type] !== undefined || answered.has(type)) continue;
      const known = definitions.searchParameters(type).get(asked.code);
      if (!known || known.url === asked.url) on[type] = { ...about, expression: read.expression };
      else if (isRefinement(asked.type, read.expression, known)) answered.set(type, known.url);
      else taken.set(known.url, [...(taken.get(known.url) ?? []), type]);
    }
  });
  for (const [url, types] of taken) {
    const named = types.slice(0, 3).join(', ') + (types.length > 3 ? ` and ${types.length - 3} more` : '');
    const means = `means something else by '${asked.code}' on ${named}; choose another code`;
    refuse('code', `The search parameter ${url} ${means}`, 'business-rule');
  }
  if (asked.type === 'composite') judgeComponents(definitions, asked, Object.keys(on), refuse);
  if (issues.length > 0) return { kind: 'refused', issues: distinct(issues) };
  return { kind: 'added', parameter: { ...slim, on }, answered };
}

type Refuse = (element: string, diagnostics: string, code?: string) => void;

function publishedBy(definitions: Definitions, url: string): [type: string, parameter: SearchParameter][] {
  return definitions.resourceTypes.flatMap((type) => {
    const found = [...definitions.searchParameters(type).values()].find((one) => one.url === url && !one.added);
    return found ? [[type, found] as [string, SearchParameter]] : [];
  });
}

function isKindOf(definitions: Definitions, type: string, base: string): boolean {
  for (let name: string | undefined = type; name !== undefined; name = definitions.type(name)?.base)
    if (name === base) return true;
  return false;
}

/** The expression as it is extracted by, or what is wrong with it, in words. */
function readExpression(
  definitions: Definitions,
  type: string,
  expression: string,
  kind: SearchParameterType,
): { expression: string } | { wrong: string } {
  let types: readonly string[] | undefined;
  try {
    ({ types } = compileExpression(definitions, type, expression));
  } catch (error) {
    return { wrong: `'${expression}' is no FHIRPath: ${(error as Error).message}` };
  }
  if (types?.length === 0) return { wrong: `'${expression}' reaches no element of ${type}` };
  if (!types || kind === 'composite') return { expression };
  const { elements } = searchTypes[kind];
  // a choice may be a text beside dates (`scheduled[x]`); where there is nothing else it is no date
  const isText = kind === 'date' && types.every((one) => one === 'string');
  if (!isText && types.some((one) => elements[one] !== undefined || one === 'Resource')) return { expression };
  // the specification's own example of a parameter for an extension means what the extension holds
  if (types.every((one) => one === 'Extension')) return { expression: `(${expression}).value` };
  return { wrong: `'${expression}' reaches ${types.join(', ')}, which a parameter of type ${kind} cannot search` };
}

/** Each operand is one of the known parameter, or a part or a special case of one: US Core and others publish the base ones again. */
function isRefinement(kind: string, expression: string, known: SearchParameter): boolean {
  if (known.type !== kind) return false;
  const theirs = expressionParts(known.expression ?? '');
  const wider = new Set([...theirs, ...theirs.flatMap((part) => typeRestriction(part)?.of ?? [])]);
  return expressionParts(expression).every((part) => {
    if (wider.has(part) || [...wider].some((whole) => part.startsWith(`${whole}.`))) return true;
    return wider.has(part.replace(/ as \w+$/, ''));
  });
}

function judgeComponents(
  definitions: Definitions,
  asked: SearchParameterResource,
  types: string[],
  refuse: Refuse,
): void {
  const components = asked.component ?? [];
  if (components.length < 2) refuse('component', 'A composite has at least two components', 'required');
  components.forEach(({ definition }, index) => {
    const url = definition.split('|', 1)[0];
    for (const type of types) {
      const named = [...definitions.searchParameters(type).values()].find((one) => one.url === url);
      if (named && named.type !== 'composite' && named.type !== 'special') continue;
      const why = named ? `is a ${named.type}, which cannot be part of a composite` : 'is not known';
      refuse(
        `component[${index}].definition`,
        `The search parameter ${url} of ${type} ${why}`,
        named ? 'invalid' : 'not-found',
      );
    }
  });
}

function distinct(issues: readonly Issue[]): Issue[] {
  return [...new Map(issues.map((issue) => [JSON.stringify(issue), issue])).values()];
}
