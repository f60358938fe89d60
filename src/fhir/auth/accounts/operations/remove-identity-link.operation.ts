// Another identity provider does not open the account any more (row A11).
import type { RemoveIdentityLinkInput, RemoveIdentityLinkOutput } from '../../../../generated/operation-io.ts';
import { FhirError } from '../../../model/errors.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needAdministrator, needPerson, visitorOf } from '../visitor.ts';
import { accountsOf, sessionOf } from './answers.ts';

export default defineOperation<RemoveIdentityLinkInput, RemoveIdentityLinkOutput>({
  definition: 'remove-identity-link',
  needs: [],
  async run({ id, account, password }, context) {
    const person = needPerson(context.call);
    const { otherSignIns } = accountsOf(context);
    if (account !== undefined && account !== person.id) {
      context.call.about?.({ kind: 'account', id: account });
      await otherSignIns.endFor(needAdministrator(context.call), { account, id });
      return { message: 'The sign-in elsewhere has ended, and so have all sessions of the account.' };
    }
    if (password === undefined)
      throw new FhirError('required', 'Confirm it with your password', { expression: 'password' });
    await otherSignIns.end(sessionOf(person), { id, password }, visitorOf(context.call));
    return { message: 'The sign-in elsewhere has ended, and so have all other sessions.' };
  },
});
