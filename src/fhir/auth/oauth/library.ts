// oidc-provider, the OAuth library. On Node.js 20 it says once that it wants 22; everything used of it here is tested on 20, so the
// line would only worry operators. All other warnings pass.
const UNSUPPORTED = 'Unsupported runtime';

async function load(): Promise<typeof import('oidc-provider')> {
  const { warn } = console;
  console.warn = (...words: unknown[]) => {
    if (!String(words[0]).includes(UNSUPPORTED)) warn(...words);
  };
  try {
    return await import('oidc-provider');
  } finally {
    console.warn = warn;
  }
}

export const { Provider, errors, interactionPolicy } = await load();
