// Access tokens as a test wants them: what the issuer would find in a valid one, by the token's text.
import type { AccessToken, Tokens } from '../../src/fhir/auth/tokens.ts';
import { FhirError } from '../../src/fhir/model/errors.ts';

export interface TestTokens {
  verify: Tokens['verify'];
  /** a token that says this; the rest is usual */
  of(says?: Partial<AccessToken>): string;
  /** from now on it is no good */
  end(token: string): void;
  /** verifications so far */
  count(): number;
}

const HOUR_MS = 3_600_000;

export function testTokens(): TestTokens {
  const known = new Map<string, AccessToken>();
  let count = 0;
  return {
    of(says = {}) {
      const id = `t${known.size + 1}`;
      known.set(id, {
        id,
        grant: `g-${id}`,
        account: 'a1',
        client: 'wardgate',
        roles: ['doctor'],
        organizations: [],
        limits: 'standard',
        expires: Date.now() + HOUR_MS,
        ...says,
      });
      return id;
    },
    end: (token) => void known.delete(token),
    verify(token) {
      count++;
      const found = known.get(token);
      if (found === undefined) throw new FhirError('login', 'The access token is not valid');
      return found;
    },
    count: () => count,
  };
}
