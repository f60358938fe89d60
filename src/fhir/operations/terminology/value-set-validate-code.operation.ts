// ValueSet/$validate-code: is a code in a value set? https://hl7.org/fhir/R4/valueset-operation-validate-code.html
import type { ValueSetValidateCodeInput, ValueSetValidateCodeOutput } from '../../../generated/operation-io.ts';
import type { Resource } from '../../model/resource.ts';
import { defineOperation } from '../operation.ts';
import { codesOf, languageOf, valueSetGiven } from './given.ts';
import { validateCodes } from './validate-code.ts';

export default defineOperation<ValueSetValidateCodeInput, ValueSetValidateCodeOutput>({
  definition: 'ValueSet-validate-code',
  needs: ['ValueSet.rs'],
  async run(input, context) {
    const {
      systemVersion,
      valueSet,
      displayLanguage,
      abstract: isAbstractAllowed,
      date,
      useSupplement,
      ...given
    } = input;
    const codes = codesOf({ ...given, ...(systemVersion !== undefined && { version: systemVersion }) });
    const asked = await valueSetGiven(
      { ...given, ...(valueSet && { valueSet: valueSet as unknown as Resource }) },
      context,
    );
    const language = languageOf(displayLanguage, context);
    return validateCodes(codes, (code) =>
      context.engine.terminology.validateCode(code, {
        valueSet: asked,
        ...(language !== undefined && { displayLanguage: language }),
        ...(isAbstractAllowed === true && { isAbstractAllowed }),
        ...(date !== undefined && { date }),
        ...(useSupplement !== undefined && { useSupplement }),
      }),
    );
  },
});
