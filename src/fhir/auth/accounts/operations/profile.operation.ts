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
    const { profiles } = accountsOf(context);
    const { account, resource } = await profiles.read(id);
    return { account: shown(account, await profiles.namesIn(account)), ...(resource !== undefined && { resource }) };
  },
});
