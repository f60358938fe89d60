// Forms of who is not signed in: each carries a token that is good together with the random cookie of the browser that opened the page, so no
// other site, and nobody who shows a page of theirs, has somebody register, or set a password, unseen.
// https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html#signed-double-submit-cookie-recommended
import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { FhirError } from '../../fhir/model/errors.ts';
import { type Cookie, createCookie } from '../signed-in/cookies.ts';
import { createFormTokens, type FormTokens, isForeign } from './forms.ts';

export interface GuestForms {
  /** the hidden field; the browser has the cookie afterwards. Before anything is sent */
  hidden(req: Request, res: Response): string;
  /** throws where it was not sent by a page of ours, opened in this browser */
  need(req: Request, token: unknown): void;
}

export interface GuestFormsDeps {
  cookie: Cookie;
  tokens: FormTokens;
  /** https://hospital.example */
  origin: string;
}

const GUEST = /^[A-Za-z0-9_-]{43}$/;

export function createGuestForms({ cookie, tokens, origin }: GuestFormsDeps): GuestForms {
  function guestOf(req: Request, res: Response): string {
    const known = cookie.read(req);
    if (known !== undefined && GUEST.test(known)) return known;
    const made = randomBytes(32).toString('base64url');
    cookie.set(res, made);
    return made;
  }
  return {
    hidden: (req, res) => hiddenField(tokens.of(guestOf(req, res))),
    need(req, token) {
      const guest = cookie.read(req);
      if (isForeign(req.headers, origin) || guest === undefined || !tokens.isOf(guest, token)) throw strangeForm();
    },
  };
}

/** of pages that lead to no sign-in */
export const guestForms = ({ key, origin, now }: { key: Buffer; origin: string; now: () => number }): GuestForms =>
  createGuestForms({
    cookie: createCookie('wardgate_guest', { secure: origin.startsWith('https:') }),
    tokens: createFormTokens(key, now),
    origin,
  });

export const hiddenField = (token: string): string => `<input type="hidden" name="_token" value="${token}">`;

export const strangeForm = (): FhirError =>
  new FhirError(
    'forbidden',
    'The form was opened too long ago, in another sign-in, or by another site. Open the page again',
  );
