// What somebody can open for a patient. Names and addresses of apps are told to whoever signed in; what an app gets is decided at its launch.
import type { LaunchableAppsOutput } from '../../../../generated/operation-io.ts';
import { FhirError } from '../../../model/errors.ts';
import { defineOperation } from '../../../operations/operation.ts';
import type { ClientRegistry } from '../client-registry.ts';
import { shownClient } from './shown-client.ts';

export default defineOperation<Record<string, never>, LaunchableAppsOutput>({
  definition: 'launchable-apps',
  needs: [],
  async run(_input, { parts }) {
    const oauth = parts.oauth as { clients: ClientRegistry } | undefined;
    if (oauth === undefined) throw new FhirError('not-configured', 'Nobody signs in here: AUTH is off');
    const clients = (await oauth.clients.list()).filter(({ disabled }) => !disabled).map(shownClient);
    const apps = clients.flatMap(({ id, name, launchUri }) =>
      launchUri === undefined ? [] : [{ id, name, launchUri }],
    );
    return { app: apps.sort((a, b) => a.name.localeCompare(b.name)) };
  },
});
