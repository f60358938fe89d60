// Pages outside of an app's sign-in, in the same dress: templates without scripts, a style that the policy names by its hash.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Eta } from 'eta';
import type { Response } from 'express';
import { pages } from './interaction/pages.ts';

const eta = new Eta({ views: fileURLToPath(new URL('./', import.meta.url)), cache: true, autoEscape: true });
const style = readFileSync(new URL('interaction/style.css', import.meta.url), 'utf8');

/** `account/register` is src/web/account/register.eta. `targets`: origins where forms of the page may end, besides our own. */
export function show(
  res: Response,
  template: string,
  view: { title: string; targets?: readonly string[] } & Record<string, unknown>,
): void {
  res
    .set(pages.headers(view.targets))
    .type('html')
    .send(eta.render(`./${template}`, { style, ...view }));
}
