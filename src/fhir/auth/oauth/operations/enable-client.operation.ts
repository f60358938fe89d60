// A disabled application can be used again.
import type { EnableClientInput, EnableClientOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { clientsOf, needClient, shownClient } from './shown-client.ts';

export default defineOperation<EnableClientInput, EnableClientOutput>({
  definition: 'enable-client',
  needs: [],
  async run({ id }, context) {
    const clients = clientsOf(context);
    context.call.about?.({ kind: 'client', id });
    await needClient(clients, id);
    await clients.enable(id);
    return { client: shownClient(await needClient(clients, id)) };
  },
});
