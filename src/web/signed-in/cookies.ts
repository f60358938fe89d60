// Cookies of our own pages. Where people come by HTTPS their name begins with `__Host-`: no other name of the domain can set one.
// https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2
import type { Request, Response } from 'express';

export interface Cookie {
  read(req: Request): string | undefined;
  set(res: Response, value: string): void;
  clear(res: Response): void;
}

/** ties who comes back from another identity provider to the browser that went there */
export const foreignCookieOf = (origin: string): Cookie =>
  createCookie('wardgate_foreign', { secure: origin.startsWith('https:') });

export function createCookie(name: string, { secure }: { secure: boolean }): Cookie {
  const fullName = secure ? `__Host-${name}` : name;
  const pattern = new RegExp(`(?:^|;\\s*)${fullName}=([\\w-]+)(?:;|$)`);
  // Lax, so that a link in a mail finds who is signed in; nothing is changed by a GET
  const options = { httpOnly: true, sameSite: 'lax', path: '/', secure } as const;
  return {
    read: ({ headers }) => pattern.exec(headers.cookie ?? '')?.[1],
    set: (res, value) => void res.cookie(fullName, value, options),
    clear: (res) => void res.clearCookie(fullName, options),
  };
}
