// The own account, and the person as a resource (row A7).
import type { ProfileInput, ProfileOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { needPerson } from '../visitor.ts';
import { accountsOf, shown } from './answers.ts';

export default defineOperation<ProfileInput, ProfileOutput>({
  definition: 'profile',
  needs: [],
  async run(_, context) {
    const { id } = needPerson(context.call);
    const { account, resource } = await accountsOf(context).profiles.read(id);
    return { account: shown(account), ...(resource !== undefined && { resource }) };
  },
});
