// Where the authorization server is found: its own addresses, the pages of a sign-in, and the documents that lead to them.
import type { Express, Request, Response } from 'express';
import { INTERACTION_PATH, OAUTH_PATH } from '../fhir/auth/oauth/addresses.ts';
import type { Oauth } from '../fhir/auth/oauth/create-oauth.ts';
import type { Logger } from '../platform/logger/logger.ts';
import { interactionRoutes, type OnReturn, type PersonIn } from './interaction/routes.ts';
import { foreignCookieOf } from './signed-in/cookies.ts';

export interface OauthRoutesDeps {
  oauth: Oauth;
  fhirPath: string;
  logger: Logger;
  /** counts a password that somebody tries; rejects where there were too many */
  admit: (req: Request) => Promise<void>;
  /** where mail is to be seen while no mail server is set */
  mailbox?: string | undefined;
  /** who is signed in to our own pages in this browser */
  personIn?: PersonIn;
  /** somebody who came back from another identity provider to our own pages */
  onReturn?: OnReturn;
}

/** Documents below the FHIR base are not FHIR: http://hl7.org/fhir/smart-app-launch/conformance.html#using-well-known */
const SMART = '/.well-known/smart-configuration';
const OPENID = '/.well-known/openid-configuration';
const SERVER = '/.well-known/oauth-authorization-server';

export function addOauthRoutes(app: Express, { oauth, fhirPath, logger, ...own }: OauthRoutesDeps): void {
  const smart = (_req: Request, res: Response): void => {
    openToAll(res).json(oauth.smartConfiguration());
  };
  app.get([SMART, `${fhirPath}${SMART}`], smart);

  // RFC 8414 puts the issuer's path behind the well-known one; older clients look at the root and below the base
  const discovery = (req: Request, res: Response): void => {
    req.url = OPENID;
    oauth.handle(req, res);
  };
  app.get([OPENID, `${fhirPath}${OPENID}`, `${OPENID}${OAUTH_PATH}`, SERVER, `${SERVER}${OAUTH_PATH}`], discovery);

  app.use(OAUTH_PATH, (req, res) => oauth.handle(req, res));
  app.use(
    INTERACTION_PATH,
    interactionRoutes({
      interactions: oauth.interactions,
      logger,
      foreignCookie: foreignCookieOf(oauth.addresses.root),
      ...own,
    }),
  );
}

const openToAll = (res: Response): Response =>
  res.set('Access-Control-Allow-Origin', '*').set('Cache-Control', 'public, max-age=300');
