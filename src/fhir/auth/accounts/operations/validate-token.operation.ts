// Whether an access token is valid, in the manner of RFC 7662 (row A6).
import type { ValidateTokenInput, ValidateTokenOutput } from '../../../../generated/operation-io.ts';
import { FhirError } from '../../../model/errors.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { accountsOf, secretly, shown } from './answers.ts';

export default defineOperation<ValidateTokenInput, ValidateTokenOutput>({
  definition: 'validate-token',
  needs: [],
  async run({ token }, context) {
    const { tokens, book } = accountsOf(context);
    const asked = token ?? /^bearer +(\S+)$/i.exec(context.call.headers.authorization ?? '')?.[1];
    if (asked === undefined) throw new FhirError('required', 'token is missing', { expression: 'token' });
    try {
      const { account: id, client, scopes, expires } = await tokens.verify(asked);
      const account = id === undefined ? undefined : await book.find(id);
      return secretly({
        active: true,
        expiresAt: new Date(expires).toISOString(),
        client,
        ...(scopes !== undefined && { scope: scopes.join(' ') }),
        ...(account !== undefined && { account: shown(account) }),
      });
    } catch (error) {
      if (!(error instanceof FhirError) || error.kind !== 'login') throw error;
      return secretly({ active: false });
    }
  },
});
