// `wardgate token EMAIL`: an access token of an account for an hour, for who has the database and SERVER_SECRET.
// With `--end` those that were made so, and what commands made for themselves where no account is named, are of no use any more.
// `TOKEN=$(npm run -s token -- doctor@hospital.example)`: the token alone is on standard output.
import { readEmail } from '../fhir/auth/accounts/email-address.ts';
import { roleOf } from '../fhir/auth/accounts/roles.ts';
import type { Config } from '../platform/config/config.ts';
import { StartError } from '../platform/start-error.ts';
import { baseOf } from './base.ts';
import { type Operator, withOperator } from './operator.ts';
import { demoEmails } from './seed/demo-accounts.ts';

/** Returns the exit code. */
export async function runToken(
  config: Config,
  given: string | undefined,
  { end = false }: { end?: boolean } = {},
): Promise<number> {
  if (config.auth === 'off') throw new StartError('With AUTH=off nobody needs a token.', 2);
  const base = baseOf(config);
  if (base === undefined) throw new StartError('With PORT=0 set BASE_URL: a token is for one address.', 2);
  const email = given === undefined ? undefined : readEmail(given);
  if (given !== undefined && email === undefined) throw new StartError(`'${given}' is no e-mail address.`, 2);
  return withOperator(config, base, (operator) => {
    if (end) return endTokens(operator, email);
    return email === undefined ? listDemoAccounts(operator) : printToken(operator, email, base);
  });
}

async function endTokens(operator: Operator, email: string | undefined): Promise<number> {
  const count = await operator.endTokens(email === undefined ? undefined : await needAccount(operator, email));
  const whose = email === undefined ? 'of commands themselves' : `made by this command for ${email}`;
  const tokens = count === 1 ? 'One token' : `${count === 0 ? 'No' : count} tokens`;
  const after = count === 0 ? '' : ', everywhere within five seconds';
  console.error(`${tokens} ${whose} ${count === 1 ? 'has' : 'have'} ended${after}.`);
  return 0;
}

async function needAccount(operator: Operator, email: string) {
  const account = await operator.find(email);
  if (account !== undefined) return account;
  throw new StartError(
    demoEmails.includes(email)
      ? `There is no account ${email}. With SEED=demo it is made at the end of the first start: \`npm start\` says when it is ready.`
      : `There is no account ${email}. \`npm run token\` lists those of the demo hospital.`,
  );
}

async function printToken(operator: Operator, email: string, base: string): Promise<number> {
  const account = await needAccount(operator, email);
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
