// By which other identity providers an account is signed in to (row A11).
import type { IdentityLinksInput, IdentityLinksOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needAdministrator, needPerson } from '../visitor.ts';
import { accountsOf } from './answers.ts';

export default defineOperation<IdentityLinksInput, IdentityLinksOutput>({
  definition: 'identity-links',
  needs: [],
  async run({ account }, context) {
    const { id: own } = needPerson(context.call);
    const { otherSignIns } = accountsOf(context);
    const isOther = account !== undefined && account !== own;
    if (isOther) context.call.about?.({ kind: 'account', id: account });
    const found = isOther
      ? await otherSignIns.seenBy(needAdministrator(context.call), account)
      : await otherSignIns.of(own);
    return { link: found.map(({ since, ...link }) => ({ ...link, since: new Date(since).toISOString() })) };
  },
});
