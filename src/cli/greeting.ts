// What a server that is ready says to who started it: where it is, and the shortest way to a first request.
import { relative } from 'node:path';
import type { Config } from '../platform/config/config.ts';
import { demoEmail, demoEmails } from './seed/demo-accounts.ts';

export interface Greeting {
  config: Config;
  /** on this machine */
  base: string;
  /** where mail is while no mail server is set */
  mailbox?: string | undefined;
  /** whether there are accounts of the demo hospital; their password only where it was just made */
  demo?: { password?: string } | undefined;
}

export function greetingOf({ config, base, mailbox, demo }: Greeting): string {
  const lines = [`FHIR base URL: ${base}`];
  if (config.auth === 'off')
    lines.push('Nobody signs in (AUTH=off): who reaches this address reads and writes everything.');
  if (demo) lines.push(...tellOf(demo));
  if (mailbox !== undefined) lines.push(`Mail:          ${mailbox} (codes and links, while no mail server is set)`);
  if (demo) {
    lines.push(
      `First request: TOKEN=$(${tokenCommand(config)} ${demoEmail('doctor')})`,
      `               curl -H "Authorization: Bearer $TOKEN" '${config.baseUrl ?? base}/Patient?_count=3&_pretty=true'`,
      'No sign-in:    AUTH=off npm start',
    );
  }
  return lines.join('\n');
}

function tellOf({ password }: { password?: string }): string[] {
  const domain = demoEmails[0]!.slice(demoEmails[0]!.indexOf('@'));
  const names = demoEmails.map((email) => email.slice(0, -domain.length));
  const half = Math.ceil(names.length / 2);
  const known =
    password === undefined ? 'password as shown at the first start' : `password ${password}, shown only now`;
  return [
    `Demo accounts: ${names.slice(0, half).join(', ')},`,
    `               ${names.slice(half, -1).join(', ')} and ${names.at(-1)} ${domain}`,
    `               ${known}`,
  ];
}

/** As this process was started itself. */
function tokenCommand({ environment }: Config): string {
  if (environment.npm_lifecycle_event !== undefined) return 'npm run -s token --';
  return `node ${relative(process.cwd(), process.argv[1] ?? '')} token`;
}
