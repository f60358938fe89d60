// Reads the environment once, at the start. This room alone sees process.env.
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { defaultCacheDir } from '../engines/cache-folder.ts';
import { StartError } from '../start-error.ts';
import { type Setting, type SettingValues, settings } from './settings.ts';

export interface Config extends Omit<SettingValues, 'cacheDir'> {
  readonly cacheDir: string;
  /** for programs that the server starts (PATH, proxies) */
  readonly environment: NodeJS.ProcessEnv;
}

/** Throws a StartError that names every wrong setting in one line. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const wrong: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries<Setting<unknown>>(settings)) {
    const given = environment[setting.name]?.trim();
    // An empty value is how compose files and shells say "not set".
    const text = given === undefined || given === '' ? setting.default : given;
    if (text === undefined) continue;
    try {
      values[key] = setting.parse(text);
    } catch (error) {
      const shown = setting.secret ? '' : `=${JSON.stringify(text)}`;
      wrong.push(`${setting.name}${shown} ${(error as Error).message}`);
    }
  }
  if (wrong.length > 0) throw new StartError(`Wrong setting: ${wrong.join('; ')}.`, 2);
  const read = values as unknown as SettingValues;
  return {
    ...read,
    dataDir: resolve(read.dataDir),
    packagesDir: resolve(read.packagesDir),
    cacheDir: read.cacheDir === undefined ? defaultCacheDir(environment) : resolve(read.cacheDir),
    environment,
  };
}

/** As `readConfig`, for who listens and sends mail: throws also where settings do not fit together. Other commands need none of that. */
export function readServerConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const config = readConfig(environment);
  refuseOpenDoor(config);
  refuseHalfMail(config, environment);
  refuseHalfRegistration(config);
  refuseHalfTls(config);
  return config;
}

function refuseOpenDoor({ auth, host, baseUrl, allowInsecure }: Config): void {
  if (auth === 'on' && !isLoopback(host) && baseUrl === undefined)
    throw new StartError(
      `Wrong setting: with AUTH=on and HOST=${host}, BASE_URL must say where clients find this server: tokens are made for that address.`,
      2,
    );
  if (auth === 'on' || isLoopback(host) || allowInsecure) return;
  throw new StartError(
    `Wrong setting: without sign-in HOST=${host} would open every record to the network. ` +
      'Use a loopback address such as 127.0.0.1, or set ALLOW_INSECURE=1 if something else guards the port.',
    2,
  );
}

function refuseHalfMail({ smtpUrl, mailFrom, auth }: Config, { NODE_ENV }: NodeJS.ProcessEnv): void {
  if (smtpUrl !== undefined && mailFrom === undefined) {
    throw new StartError('Wrong setting: SMTP_URL needs MAIL_FROM, the sender of mail.', 2);
  }
  if (smtpUrl === undefined && auth === 'on' && NODE_ENV === 'production') {
    throw new StartError('Wrong setting: in production sign-in needs SMTP_URL, because codes go by mail.', 2);
  }
}

function refuseHalfRegistration({ appRegistration, appRegistrationToken }: Config): void {
  if (appRegistration === 'token' && appRegistrationToken === undefined)
    throw new StartError('Wrong setting: APP_REGISTRATION=token needs APP_REGISTRATION_TOKEN.', 2);
}

function refuseHalfTls({ tlsCert, tlsKey }: Config): void {
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new StartError('Wrong setting: TLS_CERT and TLS_KEY are set together.', 2);
}

/** where records of the audit log are before the database has them */
export const auditFolder = ({ dataDir }: Pick<Config, 'dataDir'>): string => join(dataDir, 'audit');

export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  if (isIP(name) === 4) return name.startsWith('127.');
  return name === 'localhost' || name === '::1';
}
