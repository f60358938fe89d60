// `wardgate clients …`: applications that sign people in, or themselves.
import { readFile } from 'node:fs/promises';
import type { NewClient } from '../fhir/auth/oauth/client-registry.ts';
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
  resourceServer?: boolean;
}

export function runClientsAdd(config: Config, name: string, options: AddOptions): Promise<number> {
  return withOauth(config, async ({ clients }) => {
    const { id, secret } = await clients.register(await metadataOf(name, options));
    console.log(`client_id:     ${id}`);
    if (secret !== undefined) console.log(`client_secret: ${secret}   (shown this once)`);
    return 0;
  });
}

async function metadataOf(name: string, options: AddOptions): Promise<NewClient> {
  const { id, redirect = [], launch, scope, role, organization, limits, jwks } = options;
  if (options.backend && jwks === undefined)
    throw new StartError(
      'A backend client signs in with a key: name its key set with --jwks (a file or an address).',
      2,
    );
  return {
    client_name: name,
    ...(id !== undefined && { client_id: id }),
    ...(options.backend ? { grant_types: ['client_credentials'] } : { redirect_uris: redirect }),
    ...(options.resourceServer && redirect.length === 0 && { response_types: [], grant_types: [] }),
    ...(options.native && { application_type: 'native' as const }),
    token_endpoint_auth_method: methodOf(options),
    ...(jwks !== undefined && (await keysAt(jwks))),
    ...(scope !== undefined && { smart_scopes: scope }),
    ...(launch !== undefined && { launch_uri: launch }),
    ...(role !== undefined && { roles: role }),
    ...(organization !== undefined && { organizations: organization }),
    ...(limits !== undefined && { limits }),
    ...(options.resourceServer && { resource_server: true }),
  };
}

function methodOf({
  jwks,
  confidential,
  resourceServer,
}: AddOptions): 'private_key_jwt' | 'client_secret_basic' | 'none' {
  if (jwks !== undefined) return 'private_key_jwt';
  return confidential || resourceServer ? 'client_secret_basic' : 'none';
}

async function keysAt(place: string): Promise<{ jwks_uri: string } | { jwks: { keys: object[] } }> {
  if (/^https?:/.test(place)) return { jwks_uri: place };
  try {
    const set = JSON.parse(await readFile(place, 'utf8')) as { keys?: object[]; kty?: string };
    return { jwks: { keys: set.keys ?? [set] } };
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
