// A SMART app as most are: two pages with fhirclient, served from an origin of its own. https://docs.smarthealthit.org/client-js/
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const library = fileURLToPath(new URL('node_modules/fhirclient/build/fhir-client.min.js', import.meta.url));

export const hasFhirclient = (): boolean => existsSync(library);

export interface AppServer {
  /** on `localhost`: another site than the server at 127.0.0.1 */
  origin: string;
  close(): Promise<void>;
}

export async function startAppServer(options: { clientId: string; scope: string }): Promise<AppServer> {
  const settings = JSON.stringify({ ...options, redirectUri: 'index.html', completeInTarget: true });
  const page = (script: string): string =>
    `<!doctype html><title>App</title><script src="/fhir-client.js"></script><pre id="out">…</pre><script>
    const show = (value) => { document.getElementById('out').textContent = JSON.stringify(value); document.title = 'ready'; };
    ${script}</script>`;
  const files: Record<string, () => [type: string, body: string | Buffer]> = {
    '/fhir-client.js': () => ['text/javascript', readFileSync(library)],
    '/launch.html': () => [
      'text/html',
      page(`FHIR.oauth2.authorize(${settings}).catch((e) => show({ error: String(e) }));`),
    ],
    '/index.html': () => [
      'text/html',
      page(`FHIR.oauth2.ready().then(async (client) => {
        const patient = await client.patient.read();
        const before = client.state.tokenResponse.access_token;
        const refreshed = client.state.tokenResponse.refresh_token ? await client.refresh() : undefined;
        const again = await client.request('Patient/' + client.patient.id);
        show({
          patient: patient.name[0].family, again: again.name[0].family, encounter: client.encounter.id, user: client.user.fhirUser,
          scope: client.state.tokenResponse.scope, isNew: refreshed && refreshed.tokenResponse.access_token !== before,
          total: (await client.request('Observation?_summary=count')).total,
        });
      }).catch((e) => show({ error: String(e) }));`),
    ],
    // another site that begins by POST: SMART's authorize-post
    '/post.html': () => ['text/html', '<!doctype html><title>Post</title><form method="post"></form>'],
  };
  const server = http.createServer((req, res) => {
    const file = files[new URL(req.url ?? '/', 'http://localhost').pathname];
    if (req.url === '/posted') {
      void text(req).then((form) => {
        res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
        const shown = JSON.stringify({ method: req.method, ...Object.fromEntries(new URLSearchParams(form)) });
        res.end(page(`show(${shown.replaceAll('<', '\\u003c')});`));
      });
      return;
    }
    if (file === undefined) return void res.writeHead(404).end();
    const [type, body] = file();
    res.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
