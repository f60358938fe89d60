// A new password for who is signed in; every other session ends (row A5).
import type { ChangePasswordInput, ChangePasswordOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needPerson, visitorOf } from '../visitor.ts';
import { accountsOf, sessionOf } from './answers.ts';

export default defineOperation<ChangePasswordInput, ChangePasswordOutput>({
  definition: 'change-password',
  needs: [],
  async run(request, context) {
    const session = sessionOf(needPerson(context.call));
    await accountsOf(context).credentials.change(session, request, visitorOf(context.call));
    return { message: 'The password is changed and all other sessions have ended.' };
  },
});
