// Where the page of an invitation is.

export const INVITATION_PATH = '/invitation';

export const invitationAddress = (origin: string, token: string): string => `${origin}${INVITATION_PATH}/${token}`;
