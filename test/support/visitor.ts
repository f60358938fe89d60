// A browser without scripts and without pictures: keeps cookies by path, follows redirects of one site, fills in forms.
import assert from 'node:assert/strict';

export interface Page {
  url: string;
  status: number;
  headers: Headers;
  text: string;
  title: string;
  /** of each form: method, action, and the fields that would be sent */
  forms: Form[];
}

export interface Form {
  method: string;
  action: string;
  fields: [name: string, value: string][];
}

export interface Visitor {
  cookies: Cookie[];
  open(url: string, headers?: Record<string, string>): Promise<Page>;
  /** fills the form whose action ends so, and sends it */
  submit(page: Page, ending: string, fields?: Record<string, string | string[]>): Promise<Page>;
}

interface Cookie {
  name: string;
  value: string;
  path: string;
  attributes: string;
}

const MOST_REDIRECTS = 12;

/** Stops at the first address that is not of `root`: there the app would be. `always`: headers of every request */
export function createVisitor(root: string, always: Record<string, string> = {}): Visitor {
  let cookies: Cookie[] = [];

  function keep(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(/;\s*/);
      const at = pair.indexOf('=');
      const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? '/';
      const cookie = { name: pair.slice(0, at), value: pair.slice(at + 1), path, attributes: attributes.join('; ') };
      cookies = cookies.filter((one) => one.name !== cookie.name || one.path !== path);
      const isGone = attributes.some((one) => /^expires=/i.test(one) && Date.parse(one.slice(8)) < Date.now());
      if (!isGone && cookie.value !== '') cookies.push(cookie);
    }
  }

  async function go(url: string, init: RequestInit = {}): Promise<Page> {
    for (let i = 0; i < MOST_REDIRECTS; i++) {
      if (!url.startsWith(root)) return pageOf(url, 0, new Headers(), '');
      const path = new URL(url).pathname;
      const sent = cookies.filter((one) => path === one.path || path.startsWith(one.path.replace(/\/?$/, '/')));
      const cookie = [
        ...(always.cookie ? [always.cookie] : []),
        ...sent.map(({ name, value }) => `${name}=${value}`),
      ].join('; ');
      const response = await fetch(url, {
        ...init,
        redirect: 'manual',
        headers: {
          accept: 'text/html',
          ...always,
          ...(init.headers as Record<string, string>),
          ...(cookie && { cookie }),
        },
      });
      keep(response.headers);
      const location = response.headers.get('location');
      if (location === null) return pageOf(url, response.status, response.headers, await response.text());
      await response.arrayBuffer();
      url = new URL(location, url).href;
      init = {};
    }
    throw new Error(`redirected again and again: ${url}`);
  }

  return {
    get cookies() {
      return cookies;
    },
    open: (url, headers = {}) => go(url, { headers }),
    submit(page, ending, fields = {}) {
      const form = page.forms.find(({ action }) => new URL(action).pathname.endsWith(ending));
      assert.ok(form, `${page.title} has no form to ${ending}:\n${page.text}`);
      const body = new URLSearchParams(form.fields.filter(([name]) => !(name in fields)));
      for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) body.append(name, one);
      if (form.method === 'get') return go(`${form.action}?${body}`);
      return go(form.action, { method: 'POST', body });
    },
  };
}

function pageOf(url: string, status: number, headers: Headers, text: string): Page {
  const forms = [...text.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, tag = '', inner = '']) => ({
    method: attribute(tag, 'method') ?? 'get',
    action: new URL(attribute(tag, 'action') ?? '', url).href,
    fields: [...inner.matchAll(/<input\b([^>]*)>/g)].flatMap(([, input = '']): [string, string][] => {
      const name = attribute(input, 'name');
      const isLeftOut = /\bdisabled\b/.test(input) || (/type="checkbox"/.test(input) && !/\bchecked\b/.test(input));
      return name === undefined || isLeftOut ? [] : [[name, attribute(input, 'value') ?? '']];
    }),
  }));
  const title = decoded(/<title>([^<]*)</.exec(text)?.[1] ?? '');
  return { url, status, headers, text, title, forms };
}

const attribute = (tag: string, name: string): string | undefined => {
  const found = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
  return found === undefined ? undefined : decoded(found);
};

const decoded = (text: string): string =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
