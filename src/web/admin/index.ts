// What administrators look after. Each page asks the operations and searches that others have, as who looks at it.
import { FhirError } from '../../fhir/model/errors.ts';
import type { InvitationsOutput, UsersOutput } from '../../generated/operation-io.ts';
import type { Room, View, Visit } from '../signed-in/room.ts';
import { addAuditPages } from './audit.ts';
import { addClientPages } from './clients.ts';
import { addPolicyPages } from './policies.ts';
import { addUserPages } from './users.ts';

export function addAdminPages(room: Room): void {
  room.page('/admin', overview);
  addUserPages(room);
  addClientPages(room);
  addPolicyPages(room);
  addAuditPages(room);
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
  if (ask.mayRun('clients'))
    areas.push({ href: '/admin/clients', label: 'Apps', what: 'Applications and systems that sign in here' });
  if (ask.mayRun('access-policies'))
    areas.push({ href: '/admin/policies', label: 'Roles', what: 'What each role may see and do' });
  if (areas.length === 0) throw new FhirError('forbidden', 'Only administrators may do this');
  if (ask.maySearch('AuditEvent'))
    areas.push({ href: '/admin/audit', label: 'Audit', what: 'Who did what, and whether the record is whole' });
  return { template: 'admin/overview', title: 'Administration', areas };
}

const waits = (count: number, one: string, several: string): string =>
  count === 0 ? 'None' : count === 1 ? `1 ${one}` : `${count} ${several}`;
