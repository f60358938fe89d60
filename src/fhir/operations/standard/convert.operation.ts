// $convert: the resource as it came, written in the format that the caller reads. The HTTP room reads and writes formats, so there is
// nothing else to do. https://hl7.org/fhir/R4/resource-operation-convert.html
import type { ResourceConvertInput, ResourceConvertOutput } from '../../../generated/operation-io.ts';
import { answerWith, defineOperation } from '../operation.ts';

export default defineOperation<ResourceConvertInput, ResourceConvertOutput>({
  definition: 'Resource-convert',
  needs: [],
  run: async ({ input }) => answerWith<ResourceConvertOutput>({ status: 200, body: input }),
});
