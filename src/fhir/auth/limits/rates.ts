// What may be done how often, as data. RATE_LIMITS changes single rows. docs/limits.md explains them.
import type { GivenRate } from '../../../platform/config/parse.ts';
import { StartError } from '../../../platform/start-error.ts';

export interface Rate {
  most: number;
  seconds: number;
}

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Counted one by one in Redis, refused where Redis does not answer: what opens doors or costs money. */
export const singleKinds = {
  /** of one network address */
  registration: { most: 5, seconds: HOUR },
  /** of one account, by its e-mail address */
  login: { most: 10, seconds: HOUR },
  /** codes sent to one account */
  otp: { most: 5, seconds: HOUR },
  'symptom-analysis': { most: 20, seconds: DAY },
  chat: { most: 100, seconds: DAY },
} as const satisfies Record<string, Rate>;

/** Classes of callers, `Caller.limits`: every request to the FHIR service counts as one. */
export const callerClasses: Readonly<Record<string, Rate | 'none'>> = {
  /** nobody signed in, by network address */
  anonymous: { most: 1000, seconds: HOUR },
  standard: { most: 1000, seconds: HOUR },
  premium: { most: 5000, seconds: HOUR },
  admin: 'none',
  /** SMART apps, by app and person */
  app: { most: 50_000, seconds: HOUR },
  /** clients of SMART Backend Services */
  backend: { most: 1_000_000, seconds: HOUR },
};

export type SingleKind = keyof typeof singleKinds;

export interface Rates {
  single: Readonly<Record<SingleKind, Rate | 'none'>>;
  /** an unknown class has the budget of a standard user */
  ofClass(name: string): { name: string; rate: Rate | 'none' };
}

/** Classes that an operator may invent: `app-dashboard`, `backend-warehouse`. */
const OWN_CLASS = /^(?:app|backend)-[a-z0-9-]{1,40}$/;

export function ratesFrom(changes: readonly GivenRate[] = []): Rates {
  const single: Record<string, Rate | 'none'> = { ...singleKinds };
  const classes = new Map(Object.entries(callerClasses));
  for (const { name, rate } of changes) {
    if (Object.hasOwn(single, name)) single[name] = rate;
    else if (classes.has(name) || OWN_CLASS.test(name)) classes.set(name, rate);
    else {
      const known = [...Object.keys(single), ...classes.keys()].join(', ');
      throw new StartError(
        `Wrong setting: RATE_LIMITS knows no "${name}". It knows ${known}, and classes of your own that begin with app- or backend-.`,
        2,
      );
    }
  }
  return {
    single: single as Rates['single'],
    ofClass(name) {
      const rate = classes.get(name);
      return rate === undefined ? { name: 'standard', rate: classes.get('standard')! } : { name, rate };
    },
  };
}
