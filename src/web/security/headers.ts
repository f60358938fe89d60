// Header fields of everything that is not FHIR. Nothing runs and nothing is embedded unless a page says so itself (web/interaction/pages.ts
// names its style and, for forms that end at an app, the app: Chromium follows form-action through redirects).
import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** for a year; where the server, or what stands before it, speaks HTTPS: https://www.rfc-editor.org/rfc/rfc6797 */
export const HSTS = 'max-age=31536000';

export function secureHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    // of every answer, FHIR's too: server.ts
    strictTransportSecurity: false,
    // no-referrer would make browsers send `Origin: null` with our own forms
    referrerPolicy: { policy: 'same-origin' },
    frameguard: { action: 'deny' },
    // an app that opens the sign-in in a window of its own hears from that window afterwards
    crossOriginOpenerPolicy: false,
  });
}
