// An application is not known any more.
import type { RemoveClientInput, RemoveClientOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { clientsOf, needClient } from './shown-client.ts';

export default defineOperation<RemoveClientInput, RemoveClientOutput>({
  definition: 'remove-client',
  needs: [],
  async run({ id }, context) {
    const clients = clientsOf(context);
    context.call.about?.({ kind: 'client', id });
    await needClient(clients, id);
    await clients.remove(id);
    return { message: 'The client is removed, and everything it held has ended.' };
  },
});
