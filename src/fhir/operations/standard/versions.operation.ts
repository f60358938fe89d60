// $versions: which FHIR versions this end-point speaks. https://hl7.org/fhir/R4/capabilitystatement-operation-versions.html
import type {
  CapabilityStatementVersionsInput,
  CapabilityStatementVersionsOutput,
} from '../../../generated/operation-io.ts';
import { answerWith, defineOperation } from '../operation.ts';

const VERSION = '4.0';

export default defineOperation<CapabilityStatementVersionsInput, CapabilityStatementVersionsOutput>({
  definition: 'CapabilityStatement-versions',
  needs: [],
  async run(_, { call }) {
    // plain JSON for those who do not speak FHIR yet: the specification gives it a form of its own
    if (/^application\/json\b(?!.*fhir)/.test(call.headers.accept ?? '')) {
      const body = Buffer.from(JSON.stringify({ versions: [VERSION], default: VERSION }));
      return answerWith({ status: 200, body, headers: { 'Content-Type': 'application/json; charset=utf-8' } });
    }
    return { version: [VERSION], default: VERSION };
  },
});
