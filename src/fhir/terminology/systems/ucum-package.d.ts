// The part of @lhncbc/ucum-lhc that we use; the package has no types of its own.
declare module '@lhncbc/ucum-lhc' {
  export interface UcumUtils {
    validateUnitString(unit: string): {
      status: 'valid' | 'invalid' | 'error';
      ucumCode: string | null;
      /** the name is a number for the unit `1` */
      unit?: { code: string | number; name: string | number; guidance: string | null };
      msg: string[];
    };
    convertUnitTo(from: string, value: number, to: string): { status: string; toVal: number | null };
  }
  export const UcumLhcUtils: { getInstance(): UcumUtils };
}
