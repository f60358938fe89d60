// _include and _revinclude: which references of which resources to follow. https://hl7.org/fhir/R4/search.html#include
import type { Definitions } from '../definitions/definitions.ts';
import { FhirError } from '../model/errors.ts';
import { RELATIVE_REFERENCE } from './keys.ts';
import { needParameter, parametersOf } from './parameters.ts';
import type { Parameter, Source } from './search-type.ts';

export interface IncludeSource extends Source {
  /** where the reference may be a canonical: the types whose `url` it names */
  canonicalTypes?: readonly string[];
}

export interface Include {
  direction: 'forward' | 'reverse';
  /** the type that has the references */
  type: string;
  sources: readonly IncludeSource[];
  /** only references to this type */
  target?: string;
  /** apply it to what was included as well */
  iterate: boolean;
}

const MODIFIERS: ReadonlySet<string | undefined> = new Set([undefined, 'iterate', 'recurse']);

interface AskedInclude {
  name: '_include' | '_revinclude';
  modifier: string | undefined;
  value: string;
  type: string;
}

/** `Observation:subject:Patient`, `Observation:*`, `*`; undefined type: a search over all types */
export function readInclude(definitions: Definitions, { name, modifier, value, type }: AskedInclude): Include[] {
  if (!MODIFIERS.has(modifier))
    throw new FhirError('invalid', `Parameter ${name} does not know the modifier :${modifier}; it knows :iterate`);
  const direction = name === '_include' ? 'forward' : 'reverse';
  const iterate = modifier !== undefined;
  if (value === '*') {
    const types = direction === 'forward' ? [type] : definitions.resourceTypes;
    return types.flatMap((from) => {
      const sources = allReferences(definitions, from, direction === 'reverse' ? type : undefined);
      return sources.length === 0 ? [] : [{ direction, type: from, sources, iterate }];
    });
  }
  const [from = '', code = '', target, ...more] = value.split(':');
  if (code === '' || more.length > 0) {
    throw new FhirError(
      'invalid',
      `Parameter ${name}: '${value}' does not have the form Type:parameter or Type:parameter:Type`,
    );
  }
  for (const named of target === undefined || target === '' ? [from] : [from, target]) {
    if (!definitions.resourceTypes.includes(named))
      throw new FhirError('invalid', `Parameter ${name}: there is no type ${named}`);
  }
  const sources = code === '*' ? allReferences(definitions, from) : referencesOf(definitions, from, code, name);
  return [{ direction, type: from, sources, iterate, ...(target && { target }) }];
}

function referencesOf(definitions: Definitions, type: string, code: string, name: string): IncludeSource[] {
  const parameter = needParameter(definitions, type, code);
  if (parameter.definition.type !== 'reference') {
    throw new FhirError('invalid', `Parameter ${name}: ${code} of ${type} is not a reference`);
  }
  return sourcesOf(parameter);
}

function allReferences(definitions: Definitions, type: string, target?: string): IncludeSource[] {
  const { stored, byCode } = parametersOf(definitions, type);
  return stored
    .filter((parameter) => parameter.definition.type === 'reference' && byCode.has(parameter.code))
    .filter((parameter) => target === undefined || parameter.targets.includes(target))
    .flatMap(sourcesOf);
}

/** What `*` means and leaves out, because its keys are not all there. A parameter that is named is refused instead. */
export function leftOut(
  definitions: Definitions,
  { name, value, type }: AskedInclude,
): { type: string; code: string }[] {
  const [from, code] = value.split(':');
  if (value !== '*' && code !== '*') return [];
  const isReverse = name === '_revinclude';
  const types = value !== '*' ? [from!] : isReverse ? definitions.resourceTypes : [type];
  return types.flatMap((one) =>
    [...parametersOf(definitions, one).unready.values()]
      .filter(({ definition, targets }) => definition.type === 'reference' && (!isReverse || targets.includes(type)))
      .map((parameter) => ({ type: one, code: parameter.code })),
  );
}

function sourcesOf({ sources, elements, targets }: Parameter): IncludeSource[] {
  const isCanonical = elements?.some(({ type }) => type === 'canonical' || type === 'uri') ?? false;
  return sources.map((source) => ({ ...source, ...(isCanonical && { canonicalTypes: targets }) }));
}

/** What one stored key refers to, if it is a reference that the include follows. */
export type Referred = { type: string; id: string } | { urlKey: string; types: readonly string[] };

export function referredBy(include: Include, key: string): Referred | undefined {
  const bar = key.indexOf('|');
  const source = include.sources.find(({ code }) => code.length === bar && key.startsWith(code));
  if (!source) return undefined;
  const literal = key.slice(bar + 1);
  const [, type, id, version] = RELATIVE_REFERENCE.exec(literal) ?? [];
  if (type !== undefined && id !== undefined) {
    const wanted = include.target ?? source.onlyType;
    return version === undefined && (wanted === undefined || wanted === type) ? { type, id } : undefined;
  }
  if (!source.canonicalTypes || literal.includes('|')) return undefined;
  const types = include.target === undefined ? source.canonicalTypes : [include.target];
  return { urlKey: `url|${literal}`, types };
}

/** The keys by which resources of the include's type refer to this one. */
export function referringKeys(include: Include, { type, id }: { type: string; id: string }): string[] {
  if (include.target !== undefined && include.target !== type) return [];
  return include.sources
    .filter(({ onlyType }) => onlyType === undefined || onlyType === type)
    .map(({ code }) => `${code}|${type}/${id}`);
}
