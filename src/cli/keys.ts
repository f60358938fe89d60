// `wardgate keys list|rotate`: the keys that tokens are signed with.
import { systemClock } from '../platform/clock/clock.ts';
import type { Config } from '../platform/config/config.ts';
import { withOauth } from './oauth.ts';

export function runKeysList(config: Config): Promise<number> {
  return withOauth(config, async ({ keys }) => {
    for (const { kid, alg, state, since } of keys.list()) {
      console.log(`${state.padEnd(8)} ${alg}  ${kid}  since ${new Date(since).toISOString().slice(0, 16)}Z`);
    }
    return 0;
  });
}

export function runKeysRotate(config: Config, { compromised }: { compromised: boolean }): Promise<number> {
  return withOauth(config, async ({ keys }) => {
    const started = systemClock();
    await keys.rotate({ compromised });
    const ms = Math.round(systemClock() - started);
    console.log(
      compromised
        ? `All keys are new (${ms} ms). Every access token and ID token there was is worth nothing; refresh tokens give new ones.`
        : `The next keys are in use (${ms} ms). What the old ones signed stays valid to its end.`,
    );
    return 0;
  });
}
