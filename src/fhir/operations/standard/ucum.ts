// Conversion between UCUM units. The tables are read when the first unit is converted.
import { createRequire } from 'node:module';

interface UcumUtils {
  convertUnitTo(
    from: string,
    value: number,
    to: string,
  ): { status: 'succeeded' | 'failed' | 'error'; toVal: number | null; msg: string[] };
}

let utils: UcumUtils | undefined;

function ucum(): UcumUtils {
  if (utils === undefined) {
    const library = createRequire(import.meta.url)('@lhncbc/ucum-lhc') as {
      UcumLhcUtils: { getInstance(): UcumUtils };
    };
    utils = library.UcumLhcUtils.getInstance();
  }
  return utils;
}

/** undefined where the units do not measure the same, or one is unknown */
export function convertUnit(value: number, from: string, to: string): number | undefined {
  if (from === to) return value;
  const { status, toVal } = ucum().convertUnitTo(from, value, to);
  return status === 'succeeded' && toVal !== null ? toVal : undefined;
}
