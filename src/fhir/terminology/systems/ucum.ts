// Units of measure: any expression of the UCUM grammar. https://hl7.org/fhir/R4/ucum.html
import type { CodeRule } from './rule-source.ts';
import { ucumLibrary as units } from './ucum-library.ts';

/** Units repeat without end in clinical data. */
const known = new Map<string, { display: string } | undefined>();
const MOST_KNOWN = 5000;

export const ucum: CodeRule = {
  url: 'http://unitsofmeasure.org',
  title: 'Unified Code for Units of Measure (UCUM)',
  isCaseSensitive: true,
  read(code) {
    if (known.has(code)) return known.get(code);
    const unit = readUnit(code);
    if (known.size < MOST_KNOWN) known.set(code, unit);
    return unit;
  },
  /** `canonical`: units that convert into this one. https://hl7.org/fhir/R4/ucum.html#vs */
  meets(code, { property, op, value }) {
    if (property !== 'canonical' || op !== '=') return undefined;
    return units().convertUnitTo(code, 1, value).status === 'succeeded';
  },
};

function readUnit(code: string): { display: string } | undefined {
  // the library reads `mg ` and names such as `liter` as well
  if (code === '' || /[^\x21-\x7e]/.test(code)) return undefined;
  const { status, ucumCode, unit } = units().validateUnitString(code);
  if (status !== 'valid' || ucumCode !== code) return undefined;
  const name = unit?.name;
  return { display: typeof name === 'string' && name !== '' ? name.replace(/<[^>]*>/g, '') : code };
}
