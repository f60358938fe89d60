// An app as its developers write it, on openid-client, and the person who uses it, in a browser without scripts.
import * as client from 'openid-client';
import type { TestOauth } from './oauth.ts';
import type { Page, Visitor } from './visitor.ts';
import { createVisitor } from './visitor.ts';

export const CALLBACK = 'https://app.example/callback';

export interface SmartApp {
  config: client.Configuration;
  /** where the browser is sent to */
  begin(parameters: Record<string, string>): Promise<{ url: URL; verifier: string }>;
  /** with the address that the browser came back with */
  redeem(address: string, verifier: string): Promise<Tokens>;
  /** the whole way: sign in where it is asked, allow everything */
  launch(parameters: Record<string, string>, person: Person): Promise<Tokens>;
}

export type Tokens = client.TokenEndpointResponse & client.TokenEndpointResponseHelpers;

export interface Person {
  id: string;
  visitor?: Visitor;
  /** what is picked where a patient or an encounter is asked for */
  patient?: string;
  encounter?: string;
}

export async function createSmartApp(
  { root, base, accounts }: TestOauth,
  id: string,
  auth: client.ClientAuth = client.None(),
): Promise<SmartApp> {
  const config = await client.discovery(new URL(`${root}/oauth`), id, undefined, auth, {
    execute: [client.allowInsecureRequests],
  });

  const begin: SmartApp['begin'] = async (parameters) => {
    const verifier = client.randomPKCECodeVerifier();
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      aud: base,
      state: 'as-it-was',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...parameters,
    });
    for (const [name, value] of Object.entries(parameters)) if (value === '') url.searchParams.delete(name);
    return { url, verifier };
  };

  const redeem: SmartApp['redeem'] = (address, verifier) =>
    client.authorizationCodeGrant(config, new URL(address), {
      pkceCodeVerifier: verifier,
      expectedState: 'as-it-was',
      idTokenExpected: false,
    });

  return {
    config,
    begin,
    redeem,
    async launch(parameters, { id: account, visitor = createVisitor(root), patient = 'p1', encounter = '' }) {
      const { url, verifier } = await begin(parameters);
      let page = await visitor.open(url.href);
      if (page.title.startsWith('Sign in')) page = await signIn(visitor, page, { account, accounts });
      if (page.title.startsWith('Choose a patient')) page = await visitor.submit(page, '/patient', { id: patient });
      if (page.title.startsWith('Choose an encounter'))
        page = await visitor.submit(page, '/encounter', { id: encounter });
      if (page.title.startsWith('Allow')) page = await visitor.submit(page, '/allow');
      return redeem(page.url, verifier);
    },
  };
}

export async function signIn(
  visitor: Visitor,
  page: Page,
  { account, accounts }: { account: string; accounts: TestOauth['accounts'] },
): Promise<Page> {
  const email = `${account}@example.org`;
  const next = await visitor.submit(page, '/sign-in', { email, password: `Secret-${account}-1` });
  return visitor.submit(next, '/code', { code: accounts.codeFor(email) });
}

/** `error` and its description, as the app is told */
export const refusalIn = ({ url }: Page): string => {
  const { searchParams, hash } = new URL(url);
  const told = hash === '' ? searchParams : new URLSearchParams(hash.slice(1));
  return `${told.get('error')}: ${told.get('error_description')}`;
};
