// Which codes of app state belong to an app: those in the system that is its web address, and those that an administrator registered it for.
// http://hl7.org/fhir/smart-app-launch/app-state.html#security-and-access-controls
import { readQuery } from '../../interactions/grammar.ts';
import type { ClientRecord } from '../../storage/grants.ts';
import type { OwnMetadata } from './client-metadata.ts';

interface Metadata extends OwnMetadata {
  redirect_uris?: readonly string[];
}

/** As values of a search by `code`. */
export function statesOf({ metadata }: Pick<ClientRecord, 'metadata'>): string[] {
  const { redirect_uris: uris = [], registered, smart_scopes: scopes = '' } = metadata as Metadata;
  const origins = [...new Set(uris.map(webOriginOf))];
  // Whoever comes alone proves only that its tokens get to where it is: one address, which nobody else can answer at.
  if (registered === 'dynamic') {
    const [origin, ...others] = origins;
    return origin?.startsWith('https:') && others.length === 0 ? [`${origin}|`] : [];
  }
  return [...origins.flatMap((origin) => (origin === undefined ? [] : [`${origin}|`])), ...codesIn(scopes)];
}

function webOriginOf(uri: string): string | undefined {
  const { protocol, origin } = new URL(uri);
  return protocol === 'https:' || protocol === 'http:' ? origin : undefined;
}

const SCOPE_FOR_STATE = /^(?:patient|user)\/Basic\.[cruds]+\?(.+)$/;

const codesIn = (scopes: string): string[] =>
  scopes.split(' ').flatMap((scope) => {
    const [, query] = SCOPE_FOR_STATE.exec(scope) ?? [];
    return query === undefined ? [] : readQuery(query).flatMap(([name, value]) => (name === 'code' ? [value] : []));
  });
