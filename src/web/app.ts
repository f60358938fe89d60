// Everything that is not FHIR, on Express: health, the first page, sign-in. FHIR requests never come here.
import { STATUS_CODES } from 'node:http';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { HealthHandler } from '../fhir/http/health.ts';
import { secureHeaders } from './security/headers.ts';
import { welcomePage } from './welcome.ts';

export type { Express } from 'express';

export interface WebDeps {
  health: Readonly<Record<string, HealthHandler>>;
  /** path of the FHIR base: `/fhir` */
  fhirPath: string;
  version: string;
  /** sign-in and what belongs to it; absent with AUTH=off */
  addPages?: ((app: Express) => void) | undefined;
  /** told of what failed here */
  onError?: (error: unknown) => void;
}

export function createWebApp({ health, fhirPath, version, addPages, onError }: WebDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(secureHeaders());
  for (const [path, handler] of Object.entries(health)) app.get(path, handler);
  app.get('/', (_req, res) => {
    res
      .set(
        'Content-Security-Policy',
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      )
      .type('html')
      .send(welcomePage({ fhirPath, version, isSignInOn: addPages !== undefined }));
  });
  addPages?.(app);
  app.use((req, res) => {
    res.status(404).type('text/plain').send(`Nothing is at ${req.path}. The FHIR service is at ${fhirPath}.\n`);
  });
  app.use(failed(onError));
  return app;
}

/** What cannot be read (an address, a form) is the sender's; nobody is shown where it failed. */
const failed =
  (onError: (error: unknown) => void = () => undefined): ErrorRequestHandler =>
  (error, _req, res, next) => {
    const given = (error as { status?: unknown }).status;
    const status = typeof given === 'number' && given >= 400 && given < 500 ? given : 500;
    if (status === 500) onError(error);
    if (res.headersSent) next(error);
    else res.status(status).type('text/plain').send(`${STATUS_CODES[status]}\n`);
  };
