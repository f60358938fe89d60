// What a scope allows, in words for the person who is asked. Pure.

export interface ScopeLine {
  scope: string;
  sentence: string;
  /** without it the app could not sign anybody in at all */
  isFixed: boolean;
}

const words: Readonly<Record<string, string>> = {
  openid: 'know that it is you',
  fhirUser: 'know who you are in the hospital’s records',
  profile: 'know your name',
  email: 'know your e-mail address',
  launch: 'know what you were looking at when you opened it',
  'launch/patient': 'know which patient you chose',
  'launch/encounter': 'know which encounter you chose',
  offline_access: 'stay connected when you are not using it, until you end it',
  online_access: 'stay connected as long as you are signed in',
};

const verbs: readonly (readonly [letter: string, verb: string])[] = [
  ['c', 'add'],
  ['r', 'read'],
  ['u', 'change'],
  ['d', 'delete'],
  ['s', 'search'],
];
const version1: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' };

/** what concerns the record first */
export function describeScopes(scopes: readonly string[]): ScopeLine[] {
  return scopes.map(describe).toSorted((a, b) => Number(a.scope in words) - Number(b.scope in words));
}

function describe(scope: string): ScopeLine {
  return { scope, sentence: words[scope] ?? clinical(scope), isFixed: scope === 'openid' };
}

function clinical(scope: string): string {
  const [, context, type = '', rights = '', query] = /^(\w+)\/(\*|\w+)\.([\w*]+)(?:\?(.*))?$/.exec(scope) ?? [];
  const letters = version1[rights] ?? rights;
  const may = listed(verbs.filter(([letter]) => letters.includes(letter)).map(([, verb]) => verb));
  const what = names[type] ?? spaced(type);
  const whose = context === 'patient' ? 'in the record of this patient' : 'that you may see yourself';
  const only = query === undefined ? '' : `, only with ${queryWords(query)}`;
  return `${may} ${what} ${whose}${only}`;
}

/** `Basic` is to apps what they keep there: http://hl7.org/fhir/smart-app-launch/app-state.html#explaining-access-controls-to-end-users */
const names: Readonly<Record<string, string>> = { '*': 'everything', Basic: 'settings and keys that apps keep' };

/** `MedicationRequest` → `medication requests` */
const spaced = (type: string): string => {
  const name = type.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
  return name.endsWith('y') ? `${name.slice(0, -1)}ies` : `${name.replace(/s$/, '')}s`;
};

const listed = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;

/** `category=http://…/observation-category|laboratory` → `category laboratory` */
const queryWords = (query: string): string =>
  listed([...new URLSearchParams(query)].map(([name, value]) => `${name} ${value.slice(value.lastIndexOf('|') + 1)}`));
