// Ends one of the own sessions, or all others (row A6).
import type { EndSessionInput, EndSessionOutput } from '../../../../generated/operation-io.ts';
import { FhirError } from '../../../model/errors.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needPerson } from '../visitor.ts';
import { accountsOf } from './answers.ts';

export default defineOperation<EndSessionInput, EndSessionOutput>({
  definition: 'end-session',
  needs: [],
  async run({ id, others = false }, context) {
    const { id: account, token } = needPerson(context.call);
    const { tokens } = accountsOf(context);
    if (others === (id !== undefined)) {
      throw new FhirError('required', 'Send either the id of a session or others = true', { expression: 'id' });
    }
    if (id === undefined) {
      await tokens.endAllOf(account, { besides: token.grant });
      return { message: 'All other sessions have ended.' };
    }
    const isOwn = (await tokens.sessions(account)).some((session) => session.id === id);
    if (!isOwn) throw new FhirError('not-found', 'There is no such session', { expression: 'id' });
    await tokens.endGrant(id);
    return { message: 'The session has ended.' };
  },
});
