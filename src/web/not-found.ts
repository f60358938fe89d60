// For people who follow a link to nothing: a page in the house's dress. Programs are answered in plain text (app.ts).
import type { Express } from 'express';
import { show } from './views.ts';

export function addNotFoundPage(app: Express): void {
  app.use((req, res, next) => {
    if (req.accepts(['text', 'html']) !== 'html') return next();
    show(res.status(404), 'account/done', {
      title: 'There is nothing here',
      sentence: 'The address may be mistyped, or what was here is gone.',
    });
  });
}
