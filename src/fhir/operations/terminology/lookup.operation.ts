// CodeSystem/$lookup: what a code system says about one code. https://hl7.org/fhir/R4/codesystem-operation-lookup.html
import type { CodeSystemLookupInput, CodeSystemLookupOutput } from '../../../generated/operation-io.ts';
import type { CodeSystemSource, Concept, ConceptProperty, Designation } from '../../model/concept.ts';
import { FhirError } from '../../model/errors.ts';
import { displayIn, isLanguage } from '../../terminology/displays.ts';
import { defineOperation } from '../operation.ts';
import { codesOf, languageOf } from './given.ts';
import { systemGiven, unknownCode } from './the-system.ts';

type Property = NonNullable<CodeSystemLookupOutput['property']>[number];

export default defineOperation<CodeSystemLookupInput, CodeSystemLookupOutput>({
  definition: 'CodeSystem-lookup',
  needs: ['CodeSystem.rs'],
  async run(input, context) {
    const [{ code, system, version } = { code: '' }] = codesOf(input);
    const isCoding = input.coding !== undefined;
    if (system === undefined) {
      throw new FhirError('required', 'A code is looked up in its system', {
        expression: isCoding ? 'coding.system' : 'system',
      });
    }
    const asIs = await systemGiven(
      { system, ...(version !== undefined && { version }), ...(input.date !== undefined && { date: input.date }) },
      context,
    );
    const language = languageOf(input.displayLanguage, context);
    const source = await context.engine.terminology.supplemented(asIs, {
      ...(input.useSupplement !== undefined && { useSupplement: input.useSupplement }),
      languages: [...(language === undefined ? [] : [language]), ...languagesNamed(input.property)],
      ...(input.date !== undefined && { date: input.date }),
    });
    const concept = await source.lookup(code);
    if (concept === undefined) throw unknownCode(code, source, isCoding ? 'coding.code' : 'code');
    const wanted = wantedProperties(input.property);
    const designation = (concept.designations ?? []).filter(wanted.designation).map(designationOf);
    const property = await propertiesOf(concept, source, wanted.property);
    return {
      name: source.title ?? source.url,
      ...(source.version !== undefined && { version: source.version }),
      display: displayIn(concept, language) ?? concept.code,
      ...(designation.length > 0 && { designation }),
      ...(property.length > 0 && { property }),
    };
  },
});

interface Wanted {
  property(code: string): boolean;
  designation(designation: Designation): boolean;
}

const languagesNamed = (names: readonly string[] = []): string[] =>
  names.filter((name) => name.startsWith('lang.')).map((name) => name.slice('lang.'.length));

/** https://hl7.org/fhir/R4/codesystem-operation-lookup.html: names, `designation`, `lang.X` and `*`; all where none is named */
function wantedProperties(names: readonly string[] | undefined): Wanted {
  if (names === undefined || names.includes('*')) return { property: () => true, designation: () => true };
  const languages = languagesNamed(names);
  return {
    property: (code) => names.includes(code),
    designation: ({ language }) =>
      names.includes('designation') ||
      (language !== undefined && languages.some((wanted) => isLanguage(language, wanted))),
  };
}

const designationOf = ({ language, use, value }: Designation) => ({
  ...(language !== undefined && { language }),
  ...(use !== undefined && { use }),
  value,
});

async function propertiesOf(
  concept: Concept,
  source: CodeSystemSource,
  isWanted: Wanted['property'],
): Promise<Property[]> {
  const properties: Property[] = [];
  if (isWanted('definition') && concept.definition !== undefined)
    properties.push({ code: 'definition', value: { type: 'string', value: concept.definition } });
  const stated = new Set(concept.properties?.map(({ code }) => code));
  if (isWanted('inactive') && !stated.has('inactive'))
    properties.push({ code: 'inactive', value: { type: 'boolean', value: !concept.isActive } });
  if (isWanted('notSelectable') && concept.isAbstract === true && !stated.has('notSelectable'))
    properties.push({ code: 'notSelectable', value: { type: 'boolean', value: true } });
  const parents = concept.parents ?? [];
  if (isWanted('parent') && !stated.has('parent'))
    properties.push(...named('parent', await source.lookupMany(parents)));
  if (isWanted('child') && !stated.has('child'))
    properties.push(...named('child', await source.children(concept.code)));
  return [...properties, ...(await described(concept.properties ?? [], source, isWanted))];
}

const named = (code: string, concepts: readonly Concept[]): Property[] =>
  concepts.map((concept) => ({
    code,
    value: { type: 'code', value: concept.code },
    ...(concept.display !== undefined && { description: concept.display }),
  }));

/** A code of the same system is shown with its display. */
async function described(
  properties: readonly ConceptProperty[],
  source: CodeSystemSource,
  isWanted: Wanted['property'],
): Promise<Property[]> {
  const wanted = properties.filter(({ code }) => isWanted(code));
  const codes = wanted.flatMap(({ type, value }) => (type === 'code' ? [String(value)] : []));
  const displays = new Map((await source.lookupMany(codes)).map(({ code, display }) => [code, display]));
  return wanted.map(({ code, type, value }) => {
    const description = typeof value === 'object' ? value.display : displays.get(String(value));
    return {
      code,
      value: { type, value } as Property['value'] & {},
      ...(description !== undefined && { description }),
    };
  });
}
