// `wardgate audit`: checks the audit log, and prints the heads that are worth keeping elsewhere. docs/audit.md
import { type Checked, type Claim, verify } from '../fhir/audit/verify.ts';
import { createAuditLog } from '../fhir/storage/mongo/audit/index.ts';
import type { Config } from '../platform/config/config.ts';
import { createSecrets } from '../platform/secrets/secrets.ts';
import { StartError } from '../platform/start-error.ts';
import { withDatabase } from './database.ts';

const HEAD = /^([0-9a-z]{14}):(\d{1,15}):([A-Za-z0-9_-]{32})$/;

/** 0: whole; 1: something is missing or was changed */
export function runAuditVerify(config: Config, heads: readonly string[]): Promise<number> {
  const claims = heads.map(readHead);
  return withDatabase(config, async (db) => {
    const key = await createSecrets({ db, secret: config.serverSecret }).key('audit');
    const checked = await verify(createAuditLog(db), key, claims);
    for (const line of reportOf(checked)) console.log(line);
    return checked.defects.length === 0 ? 0 : 1;
  });
}

export function runAuditHeads(config: Config): Promise<number> {
  return withDatabase(config, async (db) => {
    for (const { chain, n, hash } of await createAuditLog(db).heads()) console.log(`${chain}:${n}:${hash}`);
    return 0;
  });
}

function readHead(text: string): Claim {
  const [, chain, n, hash] = HEAD.exec(text) ?? [];
  if (chain === undefined || hash === undefined) throw new StartError(`"${text}" is not a line of "audit heads".`, 2);
  return { chain, n: Number(n), hash, by: 'you' };
}

function* reportOf({ chains, defects }: Checked): Generator<string> {
  for (const { chain, first, last, since, until } of chains) {
    const own = defects.filter((defect) => defect.chain === chain);
    const range = last === 0 ? 'no records' : `records ${first} to ${last}, ${timeOf(since)} to ${timeOf(until)}`;
    yield `${chain}  ${own.length === 0 ? 'whole' : 'DEFECT'}  ${range}`;
    for (const { from, to, what } of own) yield `  ${placesOf(from, to)}: ${what}`;
  }
  const known = new Set(chains.map(({ chain }) => chain));
  for (const { chain, from, to, what } of defects) {
    if (!known.has(chain)) yield `${chain}  DEFECT  ${placesOf(from, to)}: ${what}`;
  }
  const records = chains.reduce((sum, { first, last }) => sum + (last === 0 ? 0 : last - first + 1), 0);
  yield defects.length === 0
    ? `${records} records in ${chains.length} chains are as they were written.`
    : `${defects.length} defects.`;
}

const placesOf = (from: number, to: number | undefined): string =>
  to === from ? `record ${from}` : to === undefined ? `from record ${from}` : `records ${from} to ${to}`;

const timeOf = (ms: number | undefined): string => (ms === undefined ? '?' : new Date(ms).toISOString());
