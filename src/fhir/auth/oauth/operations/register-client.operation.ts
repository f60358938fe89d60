// A new application; its secret is told once.
import type { RegisterClientInput, RegisterClientOutput } from '../../../../generated/operation-io.ts';
import { FhirError } from '../../../model/errors.ts';
import { defineOperation } from '../../../operations/operation.ts';
import type { Policies } from '../../access/policies.ts';
import { secretly } from '../../accounts/operations/answers.ts';
import { type Authentication, clientFrom, keysIn } from '../client-request.ts';
import { clientsOf, needClient, shownClient } from './shown-client.ts';

const LIMITS = /^(?:app|backend)(?:-[a-z0-9-]{1,40})?$/;

export default defineOperation<RegisterClientInput, RegisterClientOutput>({
  definition: 'register-client',
  needs: [],
  async run({ jwks, jwksUri, authentication, ...request }, context) {
    const clients = clientsOf(context);
    const { backend = false, role = [], limits } = request;
    const keys = keysIn({ jwks, jwksUri });
    refuseOthers('authentication', authentication, (code) => ['none', 'secret', 'key'].includes(code));
    refuseOthers('limits', limits, (code) => LIMITS.test(code));
    // such as administrators made are roles too
    const policies = context.parts.policies as Policies;
    for (const code of role) refuseOthers('role', code, (one) => policies.find(one) !== undefined);
    if ((backend || authentication === 'key') && keys === undefined)
      throw new FhirError('required', 'It signs in with a key: send jwks or jwksUri', { expression: 'jwks' });
    const said = clientFrom({
      ...request,
      keys,
      ...(authentication && { authentication: authentication as Authentication }),
    });
    const { id, secret } = await clients.register(said);
    context.call.about?.({ kind: 'client', id });
    return secretly({ client: shownClient(await needClient(clients, id)), ...(secret !== undefined && { secret }) });
  },
});

function refuseOthers(expression: string, code: string | undefined, isKnown: (code: string) => boolean): void {
  if (code === undefined || isKnown(code)) return;
  throw new FhirError('code-invalid', `'${code}' is not possible here`, { expression });
}
