// Ends the session of a token (row A6).
import type { LogoutInput, LogoutOutput } from '../../../../generated/operation-io.ts';
import { FhirError } from '../../../model/errors.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { accountsOf } from './answers.ts';

export default defineOperation<LogoutInput, LogoutOutput>({
  definition: 'logout',
  needs: [],
  async run({ refreshToken }, context) {
    const { tokens } = accountsOf(context);
    const { caller } = context.call;
    if (refreshToken !== undefined) await tokens.endGrantOf(refreshToken);
    else if (caller?.token !== undefined) await tokens.endGrant(caller.token.grant);
    else throw new FhirError('login', 'There is no session: send the access token, or the refresh token');
    return { message: 'The session has ended.' };
  },
});
