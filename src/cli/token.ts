// `wardgate token EMAIL`: an access token of an account for an hour, for who has the database and SERVER_SECRET.
// `TOKEN=$(npm run -s token -- doctor@hospital.example)`: the token alone is on standard output.
import { readEmail } from '../fhir/auth/accounts/email-address.ts';
import { roleOf } from '../fhir/auth/accounts/roles.ts';
import type { Config } from '../platform/config/config.ts';
import { StartError } from '../platform/start-error.ts';
import { baseOf } from './base.ts';
import { type Operator, withOperator } from './operator.ts';
import { demoEmails } from './seed/demo-accounts.ts';

/** Returns the exit code. */
export async function runToken(config: Config, given: string | undefined): Promise<number> {
  if (config.auth === 'off') throw new StartError('With AUTH=off nobody needs a token.', 2);
  const base = baseOf(config);
  if (base === undefined) throw new StartError('With PORT=0 set BASE_URL: a token is for one address.', 2);
  const email = given === undefined ? undefined : readEmail(given);
  if (given !== undefined && email === undefined) throw new StartError(`'${given}' is no e-mail address.`, 2);
  return withOperator(config, base, (operator) =>
    email === undefined ? listDemoAccounts(operator) : printToken(operator, email, base),
  );
}

async function printToken(operator: Operator, email: string, base: string): Promise<number> {
  const account = await operator.find(email);
  if (account === undefined)
    throw new StartError(`There is no account ${email}. \`npm run token\` lists those of the demo hospital.`);
  const { token, expires } = await operator.tokenOf(account);
  const roles = account.roles.filter(({ status }) => status === 'active').map(({ code }) => roleOf(code).display);
  const who = roles.length === 0 ? 'without a role that was approved' : roles.join(', ');
  console.error(`${email} (${who}), until ${new Date(expires).toISOString().slice(11, 16)}Z, for ${base}`);
  console.log(token);
  return 0;
}

/** On standard error: what a script takes for a token is empty. */
async function listDemoAccounts(operator: Operator): Promise<number> {
  const accounts = await Promise.all(demoEmails.map((email) => operator.find(email)));
  const lines = accounts.flatMap((account) =>
    account === undefined
      ? []
      : [`  ${account.email.padEnd(34)} ${account.roles.map(({ code }) => roleOf(code).display).join(', ')}`],
  );
  console.error(
    lines.length === 0
      ? 'Whose token? `npm run -s token -- EMAIL`. There are no demo accounts here (SEED=demo makes them at the first start).'
      : ['Whose token? `npm run -s token -- EMAIL`. Accounts of the demo hospital:', ...lines].join('\n'),
  );
  return 2;
}
