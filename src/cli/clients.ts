// `wardgate clients …`: applications that sign people in, or themselves.
import { readFile } from 'node:fs/promises';
import type { NewClient } from '../fhir/auth/oauth/client-registry.ts';
import { type ClientKeys, clientFrom, readKeySet } from '../fhir/auth/oauth/client-request.ts';
import type { ClientRecord } from '../fhir/storage/grants.ts';
import type { Config } from '../platform/config/config.ts';
import { StartError } from '../platform/start-error.ts';
import { withOauth } from './oauth.ts';

export interface AddOptions {
  id?: string;
  redirect?: string[];
  launch?: string;
  scope?: string;
  native?: boolean;
  confidential?: boolean;
  backend?: boolean;
  jwks?: string;
  role?: string[];
  organization?: string[];
  limits?: string;
  signOut?: string[];
  resourceServer?: boolean;
}

export function runClientsAdd(config: Config, name: string, options: AddOptions): Promise<number> {
  return withOauth(config, async ({ clients }) => {
    const { id, secret } = await clients.register(await requestOf(name, options));
    console.log(`client_id:     ${id}`);
    if (secret !== undefined) console.log(`client_secret: ${secret}   (shown this once)`);
    return 0;
  });
}

async function requestOf(name: string, options: AddOptions): Promise<NewClient> {
  const { id, redirect, signOut, launch, scope, native, backend, role, organization, limits, jwks, resourceServer } =
    options;
  if (backend && jwks === undefined)
    throw new StartError(
      'A backend client signs in with a key: name its key set with --jwks (a file or an address).',
      2,
    );
  return clientFrom({
    ...{ name, id, native, backend, scope, role, organization, limits, resourceServer },
    redirectUri: redirect,
    signOutUri: signOut,
    launchUri: launch,
    keys: jwks === undefined ? undefined : await keysAt(jwks),
    ...(jwks === undefined && (options.confidential || resourceServer) && { authentication: 'secret' as const }),
  });
}

async function keysAt(place: string): Promise<ClientKeys> {
  if (/^https?:/.test(place)) return { jwks_uri: place };
  try {
    return readKeySet(await readFile(place, 'utf8'));
  } catch (error) {
    throw new StartError(`${place} is no key set: ${(error as Error).message}`, 2);
  }
}

export function runClientsList(config: Config): Promise<number> {
  return withOauth(config, async ({ clients }) => {
    const all = await clients.list();
    if (all.length === 0) console.log('No client is registered.');
    for (const client of all) console.log(lineOf(client));
    return 0;
  });
}

function lineOf({ id, metadata, createdAt, disabled }: ClientRecord): string {
  const { client_name: name = '', smart_scopes: scopes = 'whatever people allow', registered } = metadata;
  const state = disabled ? ', disabled' : '';
  const how = registered === 'dynamic' ? ', registered itself' : '';
  return `${id}  ${String(name)}${how}${state}, since ${new Date(createdAt).toISOString().slice(0, 10)}: ${String(scopes)}`;
}

export const runClientsDisable = (config: Config, id: string): Promise<number> =>
  withOauth(config, async ({ clients }) => {
    await clients.disable(id);
    console.log(`${id} is disabled, and everything it held has ended.`);
    return 0;
  });

export const runClientsEnable = (config: Config, id: string): Promise<number> =>
  withOauth(config, async ({ clients }) => {
    await clients.enable(id);
    console.log(`${id} is enabled.`);
    return 0;
  });

export const runClientsRemove = (config: Config, id: string): Promise<number> =>
  withOauth(config, async ({ clients }) => {
    await clients.remove(id);
    console.log(`${id} is removed, and everything it held has ended.`);
    return 0;
  });
