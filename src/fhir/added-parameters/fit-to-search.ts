// A SearchParameter that is active is one that can be searched by: what cannot is refused when it is written, whichever way; and what
// was written counts when the write is answered.
import type { Resource } from '../model/resource.ts';
import { defineRule, type WriteRule } from '../storage/rules.ts';
import type { Activation } from './activation.ts';

export function createParameterRule(activation: Pick<Activation, 'check' | 'changed'>): WriteRule {
  // a transaction has one `afterCommit`, and many parameters in it are looked at together
  const changedIn = new WeakMap<object, Set<string>>();
  return defineRule({
    name: 'search-parameter-fits',
    types: ['SearchParameter'],
    async apply({ before, after }, { afterCommit }) {
      if (after) activation.check(after);
      const urls = [before, after].flatMap((one) => urlOf(one) ?? []);
      const known = changedIn.get(afterCommit);
      for (const url of urls) known?.add(url);
      if (known || urls.length === 0) return undefined;
      const changed = new Set(urls);
      changedIn.set(afterCommit, changed);
      afterCommit(() => activation.changed([...changed]));
      return undefined;
    },
  });
}

const urlOf = (resource: Resource | undefined): string | undefined =>
  typeof resource?.url === 'string' ? resource.url : undefined;
