// Password hashes: argon2id (RFC 9106) with the parameters that OWASP names. A few at a time, because each takes 19 MB and a thread of
// the pool that files and names are looked up with as well.
import { hash, verify } from '@node-rs/argon2';
import { FhirError } from '../../model/errors.ts';

export interface Passwords {
  hash(password: string): Promise<string>;
  /** takes the same time where there is no hash */
  verify(hash: string | undefined, password: string): Promise<boolean>;
  /** whether it is one of these */
  isAmong(hashes: readonly string[], password: string): Promise<boolean>;
  /** made with other parameters than today's */
  isOld(hash: string): boolean;
}

export interface Cost {
  /** KiB */
  memoryCost: number;
  timeCost: number;
  parallelism: number;
}

export const usualCost: Cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** the package's enum exists only in its types */
const ARGON2ID = 2;
/** half of the four threads of libuv's pool */
const AT_A_TIME = 2;
/** who comes later than this would wait longer than a person does */
const LONGEST_LINE = 1500;

export async function createPasswords(cost: Cost = usualCost): Promise<Passwords> {
  const options = { algorithm: ARGON2ID, ...cost };
  const inTurn = createLine();
  // What is hashed is one spelling of what was typed: a keyboard may write é as one character or as two.
  const spelled = (password: string): string => password.normalize('NFKC');
  const nobody = await hash('nobody has this password', options);
  const parameters = parametersOf(nobody);

  const check = (known: string, password: string): Promise<boolean> => inTurn(() => verify(known, spelled(password)));

  return {
    hash: (password) => inTurn(() => hash(spelled(password), options)),
    async verify(known, password) {
      const isRight = await check(known ?? nobody, password);
      return known !== undefined && isRight;
    },
    async isAmong(hashes, password) {
      for (const known of hashes) if (await check(known, password)) return true;
      return false;
    },
    isOld: (known) => parametersOf(known) !== parameters,
  };
}

/** `$argon2id$v=19$m=19456,t=2,p=1$salt$hash` → `argon2id v=19 m=19456,t=2,p=1` */
const parametersOf = (known: string): string => known.split('$').slice(1, 4).join(' ');

function createLine() {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= AT_A_TIME) {
      if (waiting.length >= LONGEST_LINE) {
        throw new FhirError('transient', 'Too many people sign in at this moment', { headers: { 'Retry-After': '5' } });
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      // the turn is passed on, not given back, so that nobody slips in between
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
