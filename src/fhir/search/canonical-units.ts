// Quantities in comparable units: 5 g and 5000 mg are the same. Each kind of quantity has one unit in which all of its values are compared,
// which is one that people use, so that most values are in it already. https://hl7.org/fhir/R4/search.html#quantity and http://unitsofmeasure.org
import { ucumLibrary } from '../terminology/systems/ucum-library.ts';

export interface CanonicalUnit {
  /** the unit of comparison; where no unit of the list below has its kind, a name of the kind */
  unit: string;
  convert(value: number): number;
}

/** Of each kind the unit that is frequent in clinical data. */
const USUAL = [
  ...[
    'kg',
    'cm',
    'cm2',
    'mL',
    'kg/m2',
    'm2',
    'm/s',
    '/min',
    'd',
    'Cel',
    '%',
    'mm[Hg]',
    'mg/dL',
    'mmol/L',
    'mmol',
    '10*3/uL',
  ],
  ...[
    'U/L',
    'm[IU]/L',
    '[IU]',
    'meq/L',
    'mL/min',
    'g/(24.h)',
    'mmol/(24.h)',
    'mg/kg',
    'mL/kg',
    'kcal',
    'V',
    'A',
    'Hz',
    'deg',
  ],
  ...[
    'mosm/kg',
    'mg/mmol',
    'ng/mL/h',
    'mL/(min.m2)',
    'dyn.s/cm5',
    'W',
    'Gy',
    'Sv',
    'Bq',
    'N',
    'lm',
    'cd',
    'lx',
    'T',
    'Pa.s',
  ],
];

interface Unit {
  kind: string;
  toBase(value: number): number;
  fromBase(value: number): number;
}

const usualByKind = new Map<string, { code: string; unit: Unit }>();
const known = new Map<string, CanonicalUnit | undefined>();
const MOST_KNOWN = 5_000;

/** Undefined where it is no unit that others convert into: unknown, or of a scale of its own such as [pH]. */
export function canonicalUnit(code: string): CanonicalUnit | undefined {
  if (known.has(code)) return known.get(code);
  const canonical = read(code);
  if (known.size < MOST_KNOWN) known.set(code, canonical);
  return canonical;
}

function read(code: string): CanonicalUnit | undefined {
  const unit = readUnit(code);
  if (!unit) return undefined;
  if (usualByKind.size === 0) for (const usual of USUAL) rememberUsual(usual);
  const usual = usualByKind.get(unit.kind);
  if (usual?.code === code) return { unit: code, convert: (value) => value };
  const fromBase = usual?.unit.fromBase ?? ((value: number) => value);
  return { unit: usual?.code ?? unit.kind, convert: (value) => rounded(fromBase(unit.toBase(value))) };
}

function rememberUsual(code: string): void {
  const unit = readUnit(code);
  if (unit && !usualByKind.has(unit.kind)) usualByKind.set(unit.kind, { code, unit });
}

/** Converted on both sides in other steps, equal values differ in the last digits. */
const rounded = (value: number): number => (Number.isFinite(value) ? Number(value.toPrecision(12)) : value);

/** Temperatures have a zero of their own. */
const AFFINE: Readonly<Record<string, { factor: number; zero: number }>> = {
  Cel: { factor: 1, zero: 273.15 },
  degF: { factor: 5 / 9, zero: 459.67 * (5 / 9) },
  degRe: { factor: 1.25, zero: 273.15 },
};

function readUnit(code: string): Unit | undefined {
  // the library reads `mg ` and names such as `liter` as well
  if (code === '' || /[^\x21-\x7e]/.test(code)) return undefined;
  const { unit } = ucumLibrary().getSpecifiedUnit(code, 'validate');
  if (!unit || ucumLibrary().validateUnitString(code).ucumCode !== code) return undefined;
  const kind = [
    (unit.dim_?.dimVec_ ?? [0]).join('.'),
    unit.moleExp_ ?? 0,
    unit.equivalentExp_ ?? 0,
    // international units of one substance say nothing of another's
    ...(unit.isArbitrary_ ? arbitraryUnits(code) : []),
  ].join(' ');
  if (unit.isSpecial_) {
    const scale = unit.cnvPfx_ === 1 && unit.cnv_ ? AFFINE[unit.cnv_] : undefined;
    if (!scale) return undefined;
    return {
      kind,
      toBase: (value) => value * scale.factor + scale.zero,
      fromBase: (value) => (value - scale.zero) / scale.factor,
    };
  }
  const magnitude = unit.magnitude_;
  if (!(magnitude > 0)) return undefined;
  return { kind, toBase: (value) => value * magnitude, fromBase: (value) => value / magnitude };
}

const arbitraryUnits = (code: string): string[] =>
  [...new Set(code.toLowerCase().match(/\[[^\]]+\]/g) ?? [code])].sort();
