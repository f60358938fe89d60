// An application can do nothing any more, until it is enabled again.
import type { DisableClientInput, DisableClientOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { clientsOf, needClient, shownClient } from './shown-client.ts';

export default defineOperation<DisableClientInput, DisableClientOutput>({
  definition: 'disable-client',
  needs: [],
  async run({ id }, context) {
    const clients = clientsOf(context);
    context.call.about?.({ kind: 'client', id });
    await needClient(clients, id);
    await clients.disable(id);
    return { client: shownClient(await needClient(clients, id)) };
  },
});
