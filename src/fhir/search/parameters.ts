// The search parameters of one resource type, read from the definitions once: which keys answer each of them.
// A parameter that only repeats others' keys stores none: `combo-code` is `code` or `component-code`, `patient` is `subject`.
import type { Definitions, SearchParameter } from '../definitions/definitions.ts';
import { mainNameOf } from '../definitions/main-name.ts';
import { FhirError } from '../model/errors.ts';
import { reachedElements } from './elements.ts';
import { expressionParts, typeRestriction } from './expression-parts.ts';
import { mainDateOf } from './main-date.ts';
import type { CompositeWay, Composition, Parameter, Source } from './search-type.ts';
import { specialParameters } from './special-parameters.ts';
import { searchTypes } from './types/index.ts';

export interface TypeParameters {
  type: string;
  /** every parameter that can be searched, by code */
  byCode: ReadonlyMap<string, Parameter>;
  /** added ones whose keys are being made, or are made no longer: a search by them would miss something */
  unready: ReadonlyMap<string, Parameter>;
  /** those that have keys of their own, unready ones included */
  stored: readonly Parameter[];
  /** the stored date whose begin is `sd`, and all codes that mean it */
  mainDate: string | undefined;
  /** the stored string whose first and last values are `name` of the keys */
  mainName: string | undefined;
  /** the stored reference that says whose resource it is: `subject`, `patient` */
  patient: string | undefined;
  /** stored tokens that have composite keys with `patient` */
  withPatient: readonly string[];
}

const WITH_PATIENT = ['code', 'category'];

/** By the map that the definitions give, which is another one when the type's parameters change at run time (definitions/live.ts). */
const cache = new WeakMap<ReadonlyMap<string, SearchParameter>, TypeParameters>();

export function parametersOf(definitions: Definitions, type: string): TypeParameters {
  const declared = definitions.searchParameters(type);
  const known = cache.get(declared);
  // types without parameters may share one map
  if (known?.type === type) return known;
  const read = readParameters(definitions, type, declared);
  cache.set(declared, read);
  return read;
}

/** A parameter that a request names. */
export function needParameter(definitions: Definitions, type: string, code: string): Parameter {
  const { byCode, unready } = parametersOf(definitions, type);
  const parameter = byCode.get(code);
  if (parameter) return parameter;
  const added = unready.get(code)?.definition.added;
  if (!added) throw new FhirError('not-supported', `${type} has no search parameter ${code === '' ? '(none)' : code}`);
  const { done, all } = added.progress;
  const share = all === 0 ? '' : `, ${Math.floor((100 * done) / all)} %`;
  throw new FhirError('transient', `Search parameter ${code} of ${type} is being indexed${share}; try again later`, {
    headers: { 'Retry-After': '5' },
  });
}

function readParameters(
  definitions: Definitions,
  type: string,
  declared: ReadonlyMap<string, SearchParameter>,
): TypeParameters {
  const all = [...declared.values()].filter(isSearchable);
  const parts = new Map(all.map((parameter) => [parameter, expressionParts(parameter.expression ?? '')]));
  const sources = findSources(all, parts);
  const byCode = new Map<string, Parameter>();
  for (const definition of all) {
    byCode.set(definition.code, readParameter(definitions, type, definition, sources.get(definition) ?? []));
  }
  const mainDate = mainDateOf(type, publishedOnly(byCode));
  if (mainDate !== undefined) {
    for (const [code, parameter] of byCode)
      if (parameter.sources.some((source) => source.code === mainDate)) byCode.set(code, { ...parameter, mainDate });
  }
  const composites = all.filter((definition) => definition.type === 'composite');
  for (const definition of composites) {
    const composition = compose(definition, composites, byCode, parts, type);
    if (composition) byCode.set(definition.code, { ...byCode.get(definition.code)!, composition });
    else byCode.delete(definition.code);
  }
  const stored = [...byCode.values()].filter(isStored);
  const published = publishedOnly(byCode);
  const patient = patientOf(published);
  const unready = new Map([...byCode].filter(([, { definition }]) => definition.added?.isSearchable === false));
  for (const code of unready.keys()) byCode.delete(code);
  return {
    type,
    byCode,
    unready,
    stored,
    mainDate,
    mainName: mainNameOf(stored.map(({ definition }) => definition)),
    patient,
    withPatient: patient === undefined ? [] : WITH_PATIENT.filter((code) => ownTokenOf(published.get(code))),
  };
}

/** What is added at run time never changes how a type is ordered, joined or stored otherwise. */
const publishedOnly = (byCode: ReadonlyMap<string, Parameter>): ReadonlyMap<string, Parameter> =>
  new Map([...byCode].filter(([, { definition }]) => !definition.added));

const isSearchable = ({ code, type, expression }: SearchParameter): boolean =>
  specialParameters.has(code) || (expression !== undefined && expression !== '' && type !== 'special');

function readParameter(
  definitions: Definitions,
  type: string,
  definition: SearchParameter,
  sources: readonly Source[],
): Parameter {
  const { code } = definition;
  const isSpecial = specialParameters.has(code);
  const elements = reachedElements(definitions, type, definition.expression ?? '');
  const only = sources.flatMap(({ onlyType }) => onlyType ?? []);
  const allowed = definition.targets.length > 0 ? definition.targets : definitions.resourceTypes;
  return {
    code,
    definition,
    type: isSpecial ? searchTypes.special : searchTypes[definition.type],
    sources,
    elements: isSpecial ? undefined : elements,
    targets:
      only.length > 0 && only.length === sources.length ? allowed.filter((target) => only.includes(target)) : allowed,
  };
}

function isStored({ code, type, sources, composition }: Parameter): boolean {
  if (type === searchTypes.special) return specialParameters.get(code)?.isStored ?? false;
  if (composition) return composition.ways.some((way) => way.kind === 'stored' && way.code === code);
  return sources.length === 1 && sources[0]?.code === code;
}

type Parts = ReadonlyMap<SearchParameter, readonly string[]>;

/** Fewer operands first, so that a union is made of its parts and never the other way round. */
function findSources(all: readonly SearchParameter[], parts: Parts): Map<SearchParameter, readonly Source[]> {
  const sources = new Map<SearchParameter, readonly Source[]>();
  const operands = (parameter: SearchParameter): readonly string[] => parts.get(parameter) ?? [];
  const restricted = (parameter: SearchParameter): number => operands(parameter).filter(typeRestriction).length;
  const isAdded = ({ added }: SearchParameter): number => (added ? 1 : 0);
  const ordered = [...all].sort(
    (a, b) => isAdded(a) - isAdded(b) || operands(a).length - operands(b).length || restricted(a) - restricted(b),
  );
  const stored: SearchParameter[] = [];
  for (const parameter of ordered) {
    const others = stored.filter((other) => other.type === parameter.type);
    const found =
      parameter.type === 'composite'
        ? undefined
        : (restrictedSource(operands(parameter), others, parts) ?? unionSources(operands(parameter), others, parts));
    // an added one may be gone tomorrow, so that nothing else is answered by its keys
    if (!found && !parameter.added) stored.push(parameter);
    sources.set(parameter, found ?? [{ code: parameter.code }]);
  }
  return sources;
}

/** `X.subject.where(resolve() is Patient)` is what another parameter of `X.subject` has, of one type. */
function restrictedSource(
  operands: readonly string[],
  others: readonly SearchParameter[],
  parts: Parts,
): Source[] | undefined {
  const restrictions = operands.map(typeRestriction);
  const onlyType = restrictions[0]?.type;
  if (onlyType === undefined || restrictions.some((restriction) => restriction?.type !== onlyType)) return undefined;
  const chosenFrom = restrictions.map((restriction) => restriction!.of);
  const source = others.find((other) => sameSet(parts.get(other) ?? [], chosenFrom));
  return source && [{ code: source.code, onlyType }];
}

/** Other parameters whose operands are exactly these. */
function unionSources(
  operands: readonly string[],
  others: readonly SearchParameter[],
  parts: Parts,
): Source[] | undefined {
  const left = new Set(operands);
  const chosen: Source[] = [];
  // the one with most operands first: it covers the most
  for (const other of [...others].sort((a, b) => (parts.get(b)?.length ?? 0) - (parts.get(a)?.length ?? 0))) {
    const covers = parts.get(other) ?? [];
    if (covers.length === 0 || !covers.every((part) => left.has(part))) continue;
    for (const part of covers) left.delete(part);
    chosen.push({ code: other.code });
  }
  return left.size === 0 && chosen.length > 0 ? chosen : undefined;
}

const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((entry) => b.includes(entry));

/** How a composite is answered, operand by operand; undefined where a component's parameter is unknown. */
function compose(
  definition: SearchParameter,
  composites: readonly SearchParameter[],
  byCode: ReadonlyMap<string, Parameter>,
  parts: Parts,
  type: string,
): Composition | undefined {
  const parameters = [...byCode.values()];
  const operands = parts.get(definition) ?? [];
  const components = definition.components.flatMap(({ definition: url, expression }) => {
    const named = parameters.find((parameter) => parameter.definition.url === url);
    const whole = operands.flatMap((operand) => expressionParts(expression).map((part) => `${operand}.${part}`));
    const isAbout = ({ definition: own }: Parameter): boolean => whole.some((part) => parts.get(own)?.includes(part));
    // DocumentReference's `relationship` names its components the wrong way round: the expression is what counts
    return (named && isAbout(named) ? named : (parameters.find(isAbout) ?? named)) ?? [];
  });
  if (components.length !== definition.components.length || components.length < 2) return undefined;
  const ways = operands.map((operand): CompositeWay => {
    const together =
      operand === type ? componentsOnResource(definition, components, parameters, parts, type) : undefined;
    if (together) return { kind: 'together', parameters: together };
    const same = composites.find(
      (other) => sameSet(parts.get(other) ?? [], [operand]) && sameComponents(other, definition),
    );
    return { kind: 'stored', code: same?.code ?? definition.code };
  });
  return { components, ways };
}

const sameComponents = (a: SearchParameter, b: SearchParameter): boolean =>
  sameSet(
    a.components.map(({ expression }) => expression),
    b.components.map(({ expression }) => expression),
  );

/** The resource's own parameters for a composite's components, where each has one. */
function componentsOnResource(
  definition: SearchParameter,
  components: readonly Parameter[],
  parameters: readonly Parameter[],
  parts: Parts,
  type: string,
): Parameter[] | undefined {
  const found = definition.components.map(({ expression }, index) => {
    const wanted = expressionParts(expression).map((part) => `${type}.${part}`);
    const isIt = (parameter: Parameter): boolean =>
      parameter.type === components[index]?.type &&
      parameter.sources[0]?.code === parameter.code &&
      wanted.every((part) => parts.get(parameter.definition)?.includes(part));
    return parameters.find(isIt);
  });
  return found.every((parameter) => parameter !== undefined) ? found : undefined;
}

function patientOf(byCode: ReadonlyMap<string, Parameter>): string | undefined {
  const parameter = byCode.get('patient') ?? byCode.get('subject');
  const isPatient = parameter?.definition.type === 'reference' && parameter.targets.includes('Patient');
  return isPatient && parameter.sources.length === 1 ? parameter.sources[0]?.code : undefined;
}

const ownTokenOf = (parameter: Parameter | undefined): boolean =>
  parameter?.definition.type === 'token' &&
  parameter.sources.length === 1 &&
  parameter.sources[0]?.code === parameter.code;
