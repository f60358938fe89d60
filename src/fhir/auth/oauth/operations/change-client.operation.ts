// Other addresses, scopes or keys of an application, or another secret.
import type { ChangeClientInput, ChangeClientOutput } from '../../../../generated/operation-io.ts';
import { FhirError } from '../../../model/errors.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { secretly } from '../../accounts/operations/answers.ts';
import type { ClientChanges } from '../client-registry.ts';
import { keysIn } from '../client-request.ts';
import { clientsOf, needClient, shownClient } from './shown-client.ts';

const removable: Readonly<Record<string, keyof ClientChanges>> = {
  launchUri: 'launch_uri',
  signOutUri: 'post_logout_redirect_uris',
  scope: 'smart_scopes',
};

export default defineOperation<ChangeClientInput, ChangeClientOutput>({
  definition: 'change-client',
  needs: [],
  async run(input, context) {
    const { id, name, redirectUri = [], signOutUri = [], launchUri, scope, without = [], newSecret = false } = input;
    const clients = clientsOf(context);
    context.call.about?.({ kind: 'client', id });
    await needClient(clients, id);
    const keys = keysIn(input);
    const changes: ClientChanges = {
      ...(name !== undefined && { client_name: name }),
      ...(redirectUri.length > 0 && { redirect_uris: redirectUri }),
      ...(launchUri !== undefined && { launch_uri: launchUri }),
      ...(signOutUri.length > 0 && { post_logout_redirect_uris: signOutUri }),
      ...(scope !== undefined && { smart_scopes: scope }),
      // one takes the place of the other
      ...(keys !== undefined && ({ jwks: undefined, jwks_uri: undefined, ...keys } as ClientChanges)),
    };
    for (const one of without) {
      const member = Object.hasOwn(removable, one) ? removable[one] : undefined;
      if (member === undefined)
        throw new FhirError('code-invalid', `'${one}' cannot be taken away`, { expression: 'without' });
      changes[member] = undefined;
    }
    const { secret } = await clients.change(id, changes, { newSecret });
    return secretly({ client: shownClient(await needClient(clients, id)), ...(secret !== undefined && { secret }) });
  },
});
