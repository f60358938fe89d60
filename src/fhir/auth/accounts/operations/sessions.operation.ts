// Where somebody is signed in, and the apps they allowed (rows A6 and A8).
import type { SessionsInput, SessionsOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needPerson } from '../visitor.ts';
import { accountsOf, secretly } from './answers.ts';

export default defineOperation<SessionsInput, SessionsOutput>({
  definition: 'sessions',
  needs: [],
  async run(_, context) {
    const { id, token } = needPerson(context.call);
    const sessions = await accountsOf(context).tokens.sessions(id);
    const time = (ms: number): string => new Date(ms).toISOString();
    return secretly({
      session: sessions.map((session) => ({
        id: session.id,
        isCurrent: session.id === token.grant,
        client: session.clientName,
        ...(session.scopes.length > 0 && { scope: session.scopes.join(' ') }),
        ...(session.address !== '' && { address: session.address }),
        ...(session.userAgent !== undefined && { userAgent: session.userAgent }),
        startedAt: time(session.startedAt),
        lastUsedAt: time(session.lastUsedAt),
        expiresAt: time(session.expiresAt),
      })),
    });
  },
});
