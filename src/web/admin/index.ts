// What administrators look after. Each page asks the operations and searches that others have, as who looks at it.
import { FhirError } from '../../fhir/model/errors.ts';
import type { InvitationsOutput, UsersOutput } from '../../generated/operation-io.ts';
import type { Room, View, Visit } from '../signed-in/room.ts';
import { addUserPages } from './users.ts';

export function addAdminPages(room: Room): void {
  room.page('/admin', overview);
  addUserPages(room);
}

/** What there is, and what waits. */
async function overview({ ask }: Visit): Promise<View> {
  const areas: { href: string; label: string; what: string }[] = [];
  if (ask.mayRun('users')) {
    const { total } = await ask.run<UsersOutput>('users', { status: 'pending', count: 1 });
    const { invitation = [] } = await ask.run<InvitationsOutput>('invitations');
    areas.push(
      { href: '/admin/users', label: 'People', what: 'Accounts, roles, who may sign in' },
      { href: '/admin/users?status=pending', label: 'Approvals', what: waits(total, 'account waits', 'accounts wait') },
      { href: '/admin/invitations', label: 'Invitations', what: waits(invitation.length, 'is open', 'are open') },
    );
  }
  if (areas.length === 0) throw new FhirError('forbidden', 'Only administrators may do this');
  return { template: 'admin/overview', title: 'Administration', areas };
}

const waits = (count: number, one: string, several: string): string =>
  count === 0 ? 'None' : count === 1 ? `1 ${one}` : `${count} ${several}`;
