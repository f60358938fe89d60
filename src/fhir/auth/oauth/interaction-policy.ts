// When the person is asked, and for what: to sign in, to pick a patient or encounter, to allow the app what it wants.
import type { KoaContextWithOIDC, interactionPolicy as Policy } from 'oidc-provider';
import { FhirError } from '../../model/errors.ts';
import type { LaunchRoom } from './launch-room.ts';
import { errors, interactionPolicy } from './library.ts';
import type { ProviderDeps } from './provider.ts';

export const CONTEXT_PROMPT = 'smart_context';

export function createPolicy(
  { decide, isRemembered }: LaunchRoom,
  beginSignIn: ProviderDeps['beginSignIn'],
): Policy.DefaultPolicy {
  const { Check, Prompt, base } = interactionPolicy;
  const policy = base();

  const login = policy.get('login')!;
  // before the sign-in is kept for its hour; who may not is told by way of the app, as RFC 6749 section 4.1.2.1 has it
  const begin = new Check('begun_too_often', 'too many sign-ins were begun', async ({ oidc, req }) => {
    if (oidc.session?.accountId !== undefined || oidc.prompts.has('none')) return false;
    await beginSignIn(req).catch((error: unknown) => {
      throw error instanceof FhirError ? new errors.TemporarilyUnavailable(error.message.replaceAll('"', "'")) : error;
    });
    return false;
  });
  login.checks.add(begin);
  login.checks.add(
    new Check(
      'sign_in_ended',
      'the sign-in has ended',
      ({ oidc }) => oidc.session?.accountId !== undefined && oidc.account === undefined,
    ),
  );

  const pick = new Check('context_missing', 'a patient or an encounter must be picked', async (ctx) => {
    return (await decide(ctx)).ask !== undefined;
  });
  policy.add(new Prompt({ name: CONTEXT_PROMPT, requestable: false }, pick), 1);

  const consent = policy.get('consent')!;
  consent.checks.remove('consent_prompt');
  consent.checks.add(
    new Check('consent_prompt', 'the person must allow it', 'consent_required', (ctx: KoaContextWithOIDC) => {
      return ctx.oidc.prompts.has('consent') && ctx.oidc.promptPending('consent') && !isRemembered(ctx);
    }),
  );
  return policy;
}
