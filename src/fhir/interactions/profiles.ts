// The step of every write that asks profiles: those the operator enforces, those the resource claims, and the invariants of the specification.
// https://hl7.org/fhir/R4/validation.html
import { FhirError, type Issue } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import { indexBundle } from '../validation/profiles/references.ts';
import type { CheckOptions } from '../validation/profiles/validator.ts';
import { issueAt } from './bundle-entry.ts';
import type { Call, Engine } from './call.ts';
import { readPreferReturn } from './headers.ts';
import { createRefusals } from './refusals.ts';
import type { Plan } from './transaction-plan.ts';

/** Where the resource came from, when it came in a Bundle. */
export interface Origin {
  bundle?: CheckOptions['bundle'];
  fullUrl?: string | undefined;
}

/** Throws where the resource is refused; gives what is worth telling a client that asks for an outcome. */
export async function checkProfiles(
  engine: Engine,
  call: Pick<Call, 'headers'>,
  resource: Resource,
  origin: Origin = {},
): Promise<readonly Issue[]> {
  const { settings, validator } = engine;
  const { validationProfiles: mode, validationInvariants } = settings;
  const enforced = enforcedOn(engine, resource.resourceType);
  const claimed = claimedBy(resource);
  const known = claimed.length === 0 || mode === 'off' ? [] : claimed.filter(validator.has);
  const isStrict = enforced.length > 0 || (mode === 'refuse' && known.length > 0);
  const wantsOutcome = readPreferReturn(call.headers.prefer) === 'OperationOutcome';

  const found: Issue[] = [];
  if (isStrict) {
    const options = { ...origin, depth: 'everything', profiles: enforced, isClaimIgnored: mode !== 'refuse' } as const;
    found.push(...refuseErrors(await validator.check(resource, options)));
  } else if (validationInvariants) {
    found.push(...refuseErrors(await validator.check(resource, { ...origin, depth: 'invariants' })));
  }
  if (!wantsOutcome || mode === 'off') return found;
  if (mode === 'warn' && known.length > 0) {
    found.push(...(await validator.check(resource, { ...origin, depth: 'everything' })).map(softened));
  } else if (!isStrict) {
    for (const canonical of claimed.filter((each) => !known.includes(each)))
      found.push(unknownProfile(canonical, resource));
  }
  return found;
}

/** A large Bundle gives way to other requests after so many entries. */
const AT_ONCE = 50;

/** Every entry of a transaction, before any is written; what is worth telling, by entry. */
export async function checkItems(
  engine: Engine,
  { items }: Pick<Plan, 'items'>,
  call: Call,
  entries: readonly unknown[],
): Promise<Map<number, readonly Issue[]>> {
  const told = new Map<number, readonly Issue[]>();
  const refusals = createRefusals();
  const bundle = indexBundle({ entry: entries });
  for (const [position, { entry, resource }] of items.entries()) {
    if (resource === undefined) continue;
    if (position % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve));
    const { index, fullUrl } = entry;
    try {
      const findings = await checkProfiles(engine, call, resource, { bundle, fullUrl });
      if (findings.length > 0)
        told.set(
          index,
          findings.map((issue) => issueAt(issue, index)),
        );
    } catch (error) {
      refusals.add(error, index);
    }
  }
  refusals.throwIfAny();
  return told;
}

/** What the operator asks of every resource of a type. Throws where it is not here to ask: nothing may pass unasked. */
export function enforcedOn({ settings, validator }: Engine, type: string): readonly string[] {
  const { validationEnforced } = settings;
  if (validationEnforced.length === 0) return [];
  const enforced = validationEnforced.filter(([name]) => name === type).map(([, canonical]) => canonical);
  const unknown = enforced.find((canonical) => !validator.has(canonical));
  if (unknown === undefined) return enforced;
  throw new FhirError(
    'not-configured',
    `Every ${type} must meet the profile ${unknown} (VALIDATION_ENFORCED), which is not here: load its package or post it`,
  );
}

function claimedBy({ meta }: Resource): readonly string[] {
  const profiles = meta?.profile;
  return Array.isArray(profiles) ? profiles.filter((each) => typeof each === 'string') : [];
}

/** Well-formed but against a rule: 422, whatever the single findings are. https://hl7.org/fhir/R4/http.html#create */
export function refuseErrors(issues: readonly Issue[]): readonly Issue[] {
  const errors = issues.filter(({ severity }) => severity === 'error').length;
  if (errors === 0) return issues;
  throw new FhirError('invariant', `${errors} problem(s) in the resource`, { issues });
}

const softened = (issue: Issue): Issue => (issue.severity === 'error' ? { ...issue, severity: 'warning' } : issue);

const unknownProfile = (canonical: string, { resourceType }: Resource): Issue => ({
  severity: 'warning',
  code: 'not-found',
  diagnostics: `The profile ${canonical} is not known here, so it is not checked`,
  expression: `${resourceType}.meta.profile`,
});
