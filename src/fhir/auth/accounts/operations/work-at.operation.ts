// Somebody of several hospitals works at one of them, or at all again (row A8).
import type { WorkAtInput, WorkAtOutput } from '../../../../generated/operation-io.ts';
import { FhirError } from '../../../model/errors.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { actingAt } from '../acting.ts';
import { needPerson } from '../visitor.ts';
import { accountsOf, idIn, secretly } from './answers.ts';

export default defineOperation<WorkAtInput, WorkAtOutput>({
  definition: 'work-at',
  needs: [],
  async run({ organization }, context) {
    const { id, token } = needPerson(context.call);
    const { book, tokens } = accountsOf(context);
    let acting: string | undefined;
    if (organization !== undefined) {
      const wanted = idIn(organization, 'Organization', 'organization');
      const roles = (await book.find(id))?.roles.filter(({ status }) => status === 'active') ?? [];
      if (!roles.some((role) => role.organization === wanted)) {
        throw new FhirError('forbidden', 'You have no role there', { expression: 'organization' });
      }
      acting = actingAt(wanted);
    }
    const { accessToken, expiresIn } = await tokens.actAs(token.grant, acting);
    return secretly({ accessToken, tokenType: 'bearer', expiresIn });
  },
});
