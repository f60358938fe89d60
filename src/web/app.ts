// Everything that is not FHIR, on Express: health, the first page, sign-in. FHIR requests never come here.
import express, { type Express } from 'express';
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
}

export function createWebApp({ health, fhirPath, version, addPages }: WebDeps): Express {
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
  return app;
}
