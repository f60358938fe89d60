// CodeSystem/$validate-code: is a code in a code system? https://hl7.org/fhir/R4/codesystem-operation-validate-code.html
import type { CodeSystemValidateCodeInput, CodeSystemValidateCodeOutput } from '../../../generated/operation-io.ts';
import { FhirError } from '../../model/errors.ts';
import type { Resource } from '../../model/resource.ts';
import { defineOperation } from '../operation.ts';
import { codesOf, languageOf, targetOf } from './given.ts';
import { validateCodes } from './validate-code.ts';

export default defineOperation<CodeSystemValidateCodeInput, CodeSystemValidateCodeOutput>({
  definition: 'CodeSystem-validate-code',
  needs: ['CodeSystem.rs'],
  async run(input, context) {
    const { url, codeSystem: sent, version, displayLanguage, abstract: isAbstractAllowed, date, useSupplement } = input;
    const codes = codesOf(input);
    const stored = await targetOf(context);
    if ([stored, sent, url].filter((one) => one !== undefined).length > 1) {
      throw new FhirError('invalid', 'Only one of the instance, url and codeSystem can be meant');
    }
    const resource = stored ?? (sent as unknown as Resource | undefined);
    const system = url ?? (resource?.url as string | undefined);
    if (resource === undefined && url === undefined && codes.some((code) => code.system === undefined)) {
      throw new FhirError('required', 'url is missing: the code system whose code it should be', { expression: 'url' });
    }
    const language = languageOf(displayLanguage, context);
    return validateCodes(codes, async (code) => {
      if (system !== undefined && code.system !== undefined && code.system !== system) {
        return { result: false, message: `The code '${code.code}' is of ${code.system}, not of ${system}` };
      }
      const asked = code.system ?? system;
      return context.engine.terminology.validateCode(
        {
          ...code,
          ...(asked !== undefined && { system: asked }),
          ...(code.version === undefined && version !== undefined && { version }),
        },
        {
          ...(resource !== undefined && { codeSystem: resource }),
          ...(language !== undefined && { displayLanguage: language }),
          ...(isAbstractAllowed === true && { isAbstractAllowed }),
          ...(date !== undefined && { date }),
          ...(useSupplement !== undefined && { useSupplement }),
        },
      );
    });
  },
});
