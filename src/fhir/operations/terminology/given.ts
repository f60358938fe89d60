// What the terminology operations are given: codes in three forms, and the value set, code system or concept map that is meant.
// https://hl7.org/fhir/R4/terminology-service.html
import type { CodeableConcept, Coding } from 'fhir/r4.js';
import type { Code } from '../../model/concept.ts';
import { FhirError, gone, notFound } from '../../model/errors.ts';
import { parseJson } from '../../model/json.ts';
import type { Resource } from '../../model/resource.ts';
import { placed } from '../../terminology/placed.ts';
import type { OperationContext } from '../operation.ts';

export interface GivenCode {
  code?: string;
  system?: string;
  version?: string;
  display?: string;
  coding?: Coding;
  codeableConcept?: CodeableConcept;
}

/** The codings meant by exactly one of code, coding and codeableConcept. */
export function codesOf(given: GivenCode): Code[] {
  const { code, system, version, display, coding, codeableConcept } = given;
  const forms = { code, coding, codeableConcept };
  const named = Object.entries(forms).filter(([, value]) => value !== undefined);
  if (named.length !== 1) {
    const said = named.length === 0 ? 'none is given' : `${named.map(([name]) => name).join(' and ')} are given`;
    throw new FhirError('required', `Exactly one of code, coding and codeableConcept is needed; ${said}`);
  }
  if (code !== undefined) {
    return [
      {
        code,
        ...(system !== undefined && { system }),
        ...(version !== undefined && { version }),
        ...(display !== undefined && { display }),
      },
    ];
  }
  const codings = coding === undefined ? (codeableConcept?.coding ?? []) : [coding];
  const codes = codings.flatMap((one) => (one.code === undefined ? [] : [codeOf(one as Coding & { code: string })]));
  if (codes.length === 0) {
    throw new FhirError('required', 'There is no code in it', {
      expression: coding === undefined ? 'codeableConcept.coding' : 'coding.code',
    });
  }
  return codes;
}

export const codeOf = ({ system, version, code, display }: Coding & { code: string }): Code => ({
  code,
  ...(system !== undefined && { system }),
  ...(version !== undefined && { version }),
  ...(display !== undefined && { display }),
});

/** The resource that an instance-level call is about: 404 or 410 where it is not there. */
export async function targetOf({ store, target }: OperationContext): Promise<Resource | undefined> {
  const { type, id } = target;
  if (type === undefined || id === undefined) return undefined;
  const version = await store.read(type, id);
  if (version === undefined) throw notFound(type, id);
  if (version.bytes === null) throw gone(type, id, version.version);
  return parseJson(version.bytes) as Resource;
}

export const withVersion = (url: string, version: string | undefined): string =>
  version === undefined || url.includes('|') ? url : `${url}|${version}`;

/** The parameter, else what the request prefers; a browser's or a program's `*` is no wish. */
export function languageOf(asked: string | undefined, { call }: OperationContext): string | undefined {
  const language = asked ?? call.headers['accept-language'];
  return language === undefined || /^\s*\*/.test(language) ? undefined : language;
}

interface GivenValueSet {
  url?: string;
  valueSet?: Resource;
  valueSetVersion?: string;
  context?: string;
}

/** The value set of the instance, the one sent, or a canonical; from a context, the one that the element is bound to. */
export async function valueSetGiven(given: GivenValueSet, context: OperationContext): Promise<string | Resource> {
  const stored = await targetOf(context);
  const means = [
    stored !== undefined && 'the instance',
    given.url !== undefined && 'url',
    given.valueSet !== undefined && 'valueSet',
    given.context !== undefined && 'context',
  ].filter((name) => name !== false);
  if (means.length !== 1) {
    const said = means.length === 0 ? 'none is given' : `${means.join(' and ')} are given`;
    throw new FhirError('required', `Exactly one of url, valueSet and context is needed; ${said}`);
  }
  if (stored !== undefined) return stored;
  if (given.valueSet !== undefined) return given.valueSet;
  const canonical =
    given.url === undefined ? await boundTo(given.context!, context) : withVersion(given.url, given.valueSetVersion);
  const named = given.url === undefined ? 'context' : 'url';
  if ((await placed(named, () => context.engine.terminology.valueSet(canonical))) === undefined)
    throw new FhirError('not-found', `The value set ${canonical} is not known here`, { expression: named });
  return canonical;
}

/** `[StructureDefinition]#[path]` */
async function boundTo(context: string, { engine }: OperationContext): Promise<string> {
  const refuse = (kind: 'not-found' | 'value', message: string): FhirError =>
    new FhirError(kind, message, { expression: 'context' });
  const hash = context.indexOf('#');
  if (hash === -1) throw refuse('value', `'${context}' is not of the form [StructureDefinition]#[path]`);
  const [url, path] = [context.slice(0, hash), context.slice(hash + 1)];
  const definition = (await engine.canonicals.find('StructureDefinition', url)) as
    | { type?: string; snapshot?: { element?: { id?: string; path: string; binding?: { valueSet?: string } }[] } }
    | undefined;
  if (definition === undefined) throw refuse('not-found', `The structure ${url} is not known here`);
  const wanted = [path, `${definition.type}.${path}`];
  const element = definition.snapshot?.element?.find(
    (one) => wanted.includes(one.id ?? '') || wanted.includes(one.path),
  );
  if (element === undefined) throw refuse('not-found', `${url} has no element ${path}`);
  const valueSet = element.binding?.valueSet;
  if (valueSet === undefined) throw refuse('not-found', `${path} of ${url} is not bound to a value set`);
  return valueSet;
}
