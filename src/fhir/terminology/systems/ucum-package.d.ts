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
    getSpecifiedUnit(
      unit: string,
      mode: 'validate',
    ): {
      unit?: {
        magnitude_: number;
        dim_?: { dimVec_: readonly number[] | null };
        moleExp_?: number;
        equivalentExp_?: number;
        isArbitrary_: boolean;
        isSpecial_: boolean;
        /** the function of a scale that is not proportional, and the factor before it */
        cnv_: string | null;
        cnvPfx_: number;
      } | null;
    };
    convertUnitTo(from: string, value: number, to: string): { status: string; toVal: number | null };
  }
  export const UcumLhcUtils: { getInstance(): UcumUtils };
}
