// Applications that sign people in, or themselves (row A10).
import type { ClientsInput, ClientsOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { clientsOf, needClient, shownClient } from './shown-client.ts';

export default defineOperation<ClientsInput, ClientsOutput>({
  definition: 'clients',
  needs: [],
  async run({ id }, context) {
    const clients = clientsOf(context);
    const found = id === undefined ? await clients.list() : [await needClient(clients, id)];
    return { client: found.map(shownClient) };
  },
});
