// EHR launches: what a handle stands for that the hospital's own pages give an app. http://hl7.org/fhir/smart-app-launch/app-launch.html
import { randomBytes } from 'node:crypto';
import type { Redis } from '../../../platform/redis/connect.ts';
import { soon } from '../../../platform/redis/scripts.ts';
import type { LaunchContext } from '../../storage/grants.ts';
import { lifetimes } from './lifetimes.ts';

export interface Launch {
  /** only this person can use it */
  account: string;
  /** only this app, where it is named */
  client?: string;
  context: LaunchContext;
}

export interface Launches {
  /** gives the handle */
  open(launch: Launch): Promise<string>;
  /** undefined where there is none, or it has ended; from the first time on it stays for as long as a sign-in may take */
  find(handle: string): Promise<Launch | undefined>;
}

export function createLaunches(redis: Redis, space: string): Launches {
  const key = (handle: string): string => `${space}:oauth:launch:${handle}`;
  return {
    async open(launch) {
      const handle = randomBytes(24).toString('base64url');
      await soon(redis, () => redis.set(key(handle), JSON.stringify(launch), 'EX', lifetimes.launch));
      return handle;
    },
    async find(handle) {
      if (!/^[\w-]{32}$/.test(handle)) return undefined;
      const text = await soon(redis, () => redis.getex(key(handle), 'EX', lifetimes.interaction));
      return text === null ? undefined : (JSON.parse(text) as Launch);
    },
  };
}
