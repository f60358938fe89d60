// The development mailbox for who runs the server on the own machine: a page, JSON, or the newest mail as text; `?to=` an address.
// It shows codes: nobody else may see it.
import type { Express, Request } from 'express';
import type { Mailbox } from '../../platform/mail/mailbox.ts';
import { show } from '../views.ts';

export const MAILBOX_PATH = '/dev/mail';

export function addMailbox(app: Express, mailbox: Mailbox): void {
  app.get(MAILBOX_PATH, async (req, res, next) => {
    if (!isFromHere(req)) return next();
    const { to } = req.query;
    const mails = (await mailbox.list()).filter((mail) => to === undefined || mail.to === to);
    res.set('Cache-Control', 'no-store');
    const wanted = req.accepts(['html', 'json', 'text']);
    if (wanted === 'json') res.json(mails);
    else if (wanted === 'text') res.type('text').send(mails[0]?.text ?? '');
    else show(res, 'dev/mail', { title: 'Development mailbox', mails, parts });
  });
}

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3})$/;
const HOME = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/** From this machine, to this machine by its own name (a foreign page could bring another name here), and through nothing in between. */
function isFromHere({ socket, headers }: Request): boolean {
  const passedOn = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];
  return (
    LOOPBACK.test(socket.remoteAddress ?? '') &&
    HOME.test(headers.host ?? '') &&
    passedOn.every((name) => headers[name] === undefined)
  );
}

/** links of the text, and what stands between them */
const parts = (text: string): { text: string; url?: string }[] =>
  text
    .split(/(https?:\/\/[^\s<>"]+)/)
    .map((part, index) => (index % 2 === 1 ? { text: part, url: part } : { text: part }));
