// The pages of a sign-in, made from the templates beside this file. No scripts: they work in every browser an app may open.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Eta } from 'eta';
import type { Ask } from '../../fhir/auth/oauth/interactions.ts';
import type { OauthPages } from '../../fhir/auth/oauth/provider.ts';
import { describeScopes } from './describe-scopes.ts';

export interface InteractionPages extends OauthPages {
  ask(ask: Ask, view: { problem?: string; mailbox?: string | undefined }): string;
}

const style = readFileSync(new URL('style.css', import.meta.url), 'utf8');
const styleHash = createHash('sha256').update(style).digest('base64');
const eta = new Eta({ views: fileURLToPath(new URL('./', import.meta.url)), cache: true, autoEscape: true });

export const LINK_TITLE = 'Link the two accounts?';

const titles: Record<Ask['kind'], string> = {
  'sign-in': 'Sign in',
  code: 'Enter the code',
  link: LINK_TITLE,
  patient: 'Choose a patient',
  encounter: 'Choose an encounter',
  consent: 'Allow access?',
};

const render = (name: string, view: object): string => eta.render(`./${name}`, { style, ...view });

export const pages: InteractionPages = {
  ask(ask, view) {
    const lines = ask.kind === 'consent' ? describeScopes(ask.scopes) : [];
    return render(ask.kind, { title: titles[ask.kind], ...ask, ...view, lines });
  },
  error({ error, error_description: description }) {
    const code = description === undefined ? error : `${error}: ${description}`;
    return render('error', { title: 'This did not work', sentence: sentences[error] ?? sentences.other, code });
  },
  signOut: (form) => render('sign-out', { title: 'Sign out?', form }),
  signedOut: () => render('signed-out', { title: 'You are signed out' }),
  headers: (targets = []) => ({
    'Content-Security-Policy': [
      "default-src 'none'",
      `style-src 'sha256-${styleHash}'`,
      ["form-action 'self'", ...targets].join(' '),
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; '),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  }),
};

const sentences: Record<string, string> = {
  over: 'This sign-in is over, or was begun in another browser. Go back to the app and start again.',
  temporarily_unavailable: 'Sign-in is not possible at the moment. Please try again in a moment.',
  server_error:
    'Something went wrong here. Please try again; if it stays so, tell your administrator when it happened.',
  other:
    'The app asked for something that is not possible. Go back to it; if this stays so, tell the people who make it.',
};
