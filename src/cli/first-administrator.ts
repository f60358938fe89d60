// At a start without any administrator: a link for whoever sits at the terminal.
import type { Accounts } from '../fhir/auth/accounts/accounts.ts';

export async function offerFirstAdministrator(
  accounts: Pick<Accounts, 'hasAdministrator' | 'invitations'>,
  print: (line: string) => void,
): Promise<void> {
  if (await accounts.hasAdministrator()) return;
  const link = await accounts.invitations.linkForAdministrator();
  print(`There is no administrator yet. Open this link within 24 hours to become the first. It works once:\n${link}`);
}
