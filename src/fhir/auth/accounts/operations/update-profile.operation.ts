// Changes the own account and the person as a resource, together (row A7).
import type { UpdateProfileInput, UpdateProfileOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { wrongParticulars } from '../registrations.ts';
import { needPerson } from '../visitor.ts';
import { accountsOf, shown } from './answers.ts';

export default defineOperation<UpdateProfileInput, UpdateProfileOutput>({
  definition: 'update-profile',
  needs: [],
  check: async (change) => wrongParticulars(change).filter((issue) => issue !== undefined),
  async run(change, context) {
    const { id } = needPerson(context.call);
    const { account, resource } = await accountsOf(context).profiles.change(id, change);
    return { account: shown(account), ...(resource !== undefined && { resource }) };
  },
});
