// What the issuer of tokens keeps for good, in collections of its own beside the FHIR ones: storage/grants.ts says what each is for.
// The OAuth library's records are kept as JSON text: their keys may be URLs, with dots.
import type { Db } from 'mongodb';
import type { GrantStore } from '../../grants.ts';
import { clientsIn, indexClients } from './clients.ts';
import { grantsIn, indexGrants } from './grants.ts';
import { indexRefreshTokens, refreshTokensIn } from './refresh-tokens.ts';
import { signingKeysIn } from './signing-keys.ts';
import { consentsIn, cutoffsIn, indexLinks, indexSubjects, linksIn } from './subjects.ts';

export async function createGrantStore(db: Db): Promise<GrantStore> {
  await Promise.all([indexGrants(db), indexRefreshTokens(db), indexSubjects(db), indexLinks(db), indexClients(db)]);
  return {
    grants: grantsIn(db),
    refreshTokens: refreshTokensIn(db),
    clients: clientsIn(db),
    consents: consentsIn(db),
    cutoffs: cutoffsIn(db),
    links: linksIn(db),
    signingKeys: signingKeysIn(db),
  };
}
