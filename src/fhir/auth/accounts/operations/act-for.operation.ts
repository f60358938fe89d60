// A carer acts for a patient, or as oneself again (row A8).
import type { ActForInput, ActForOutput } from '../../../../generated/operation-io.ts';
import { FhirError } from '../../../model/errors.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { actingFor } from '../acting.ts';
import { needPerson } from '../visitor.ts';
import { accountsOf, idIn, secretly } from './answers.ts';

export default defineOperation<ActForInput, ActForOutput>({
  definition: 'act-for',
  needs: [],
  async run({ patient }, context) {
    const { id, token } = needPerson(context.call);
    const { book, tokens } = accountsOf(context);
    let acting: string | undefined;
    if (patient !== undefined) {
      const wanted = idIn(patient, 'Patient', 'patient');
      const proxy = (await book.find(id))?.proxies.find((one) => one.patient === wanted);
      if (proxy === undefined)
        throw new FhirError('forbidden', 'You do not care for this patient', { expression: 'patient' });
      acting = actingFor(proxy.relatedPerson);
    }
    const { accessToken, expiresIn } = await tokens.actAs(token.grant, acting);
    return secretly({ accessToken, tokenType: 'bearer', expiresIn });
  },
});
