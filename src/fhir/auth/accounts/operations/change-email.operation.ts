// A code to the new address of who is signed in.
import type { ChangeEmailInput, ChangeEmailOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needPerson, visitorOf } from '../visitor.ts';
import { accountsOf, codeSent, sessionOf } from './answers.ts';

export default defineOperation<ChangeEmailInput, ChangeEmailOutput>({
  definition: 'change-email',
  needs: [],
  async run(request, context) {
    const accounts = accountsOf(context);
    const session = sessionOf(needPerson(context.call));
    return codeSent(
      accounts,
      await accounts.credentials.changeEmail(session, request, visitorOf(context.call)),
      'confirm-email',
    );
  },
});
