// The account moves to the address that the code came to.
import type { ConfirmEmailInput, ConfirmEmailOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needPerson, visitorOf } from '../visitor.ts';
import { accountsOf, sessionOf, shown } from './answers.ts';

export default defineOperation<ConfirmEmailInput, ConfirmEmailOutput>({
  definition: 'confirm-email',
  needs: [],
  async run(request, context) {
    const session = sessionOf(needPerson(context.call));
    const account = await accountsOf(context).credentials.confirmEmail(session, request, visitorOf(context.call));
    return { account: shown(account) };
  },
});
