// What of a consent Wardgate cannot keep as it stands, for who writes it: a warning where it denies more or permits less than was meant, a
// refusal where it would deny nothing at all. What the writer does not see is, to these words too, as if it did not exist.
import type { CodeableConcept, Consent, ConsentProvision, Reference } from 'fhir/r4.js';
import { FhirError, type Issue } from '../../model/errors.ts';
import { nameOf } from '../../model/references.ts';
import type { Resource } from '../../model/resource.ts';
import type { Store, Write } from '../../storage/store.ts';
import { referencesIn } from './consents.ts';
import type { CriteriaContext } from './criteria.ts';
import { createParties } from './parties.ts';
import {
  ACTIONS,
  codedAs,
  denies,
  PURPOSES,
  patientsOf,
  policyOf,
  resourceMeant,
  rootOf,
  speaksOfPrivacy,
} from './provisions.ts';
import { type Asker, MAYBE, NO, nameIn, type Parties, standing } from './standings.ts';

export interface UnkeptDeps {
  /** what the writer sees */
  reads: Pick<Store, 'find' | 'readMany'>;
  criteria: CriteriaContext;
  /** all that is written at once */
  arriving: ReadonlySet<string>;
}

export const mayBeUnkept = (write: Write): write is Exclude<Write, { kind: 'delete' }> =>
  write.kind !== 'delete' && write.type === 'Consent';

/** What is worth telling of the write; errors where a denial would be without force. */
export async function unkeptIn(write: Write, deps: UnkeptDeps): Promise<Issue[]> {
  if (!mayBeUnkept(write)) return NOTHING;
  const consent = write.resource as Resource as unknown as Consent;
  if (consent.status !== 'active') return NOTHING;
  return speaksOfPrivacy(consent) ? ofPrivacy(consent, deps) : ofOthers(consent);
}

export function refuseForceless(issues: readonly Issue[], write: Write): readonly Issue[] {
  if (!issues.some(({ severity }) => severity === 'error')) return issues;
  throw new FhirError('business-rule', 'The consent would deny nothing', { issues, about: write });
}

const NOTHING: Issue[] = [];

const warning = (expression: string, diagnostics: string, code = 'not-supported'): Issue => ({
  severity: 'warning',
  code,
  diagnostics,
  expression,
});

function ofOthers(consent: Consent): Issue[] {
  if (!denies(rootOf(consent))) return NOTHING;
  const said = 'Only a consent of scope patient-privacy keeps people from seeing something: this one denies nothing';
  return [warning('Consent.scope', said)];
}

async function ofPrivacy(consent: Consent, deps: UnkeptDeps): Promise<Issue[]> {
  const { policy, policyRule, provision } = consent;
  if (!denies(rootOf(consent))) {
    const isSaidElsewhere = policyOf(consent) === undefined && provision?.type === undefined;
    const place = policyRule !== undefined ? 'Consent.policyRule' : policy !== undefined ? 'Consent.policy' : undefined;
    if (!isSaidElsewhere || place === undefined) return NOTHING;
    return [warning(place, 'What this policy says is not known here: the consent denies nothing')];
  }
  const parties = createParties({ store: deps.reads, criteria: () => deps.criteria });
  await parties.refresh(referencesIn(consent));
  const absent = await absentOf(referencesIn(consent), deps);
  const room: Room = { parties, absent, ...deps };
  return [
    ...ofPatient(consent, room),
    ...(provision === undefined
      ? []
      : ofProvision({ type: rootOf(consent).type!, ...provision }, 'Consent.provision', room)),
  ];
}

interface Room extends UnkeptDeps {
  parties: Parties;
  absent: ReadonlySet<string>;
}

/** Single ones that are named and are not there. */
async function absentOf(
  references: readonly Reference[],
  { reads, criteria, arriving }: UnkeptDeps,
): Promise<Set<string>> {
  const names = references
    .flatMap((one) => nameIn(one, criteria) ?? [])
    .filter((name) => criteria.definitions.resourceTypes.includes(name.type) && !arriving.has(nameOf(name)));
  if (names.length === 0) return new Set();
  const found = await reads.readMany(names);
  return new Set(names.filter((_, index) => !found[index]?.bytes).map(nameOf));
}

function ofPatient(consent: Consent, { parties, criteria }: Room): Issue[] {
  if (patientsOf(consent, parties, criteria).length > 0) return NOTHING;
  const expression = 'Consent.patient';
  if (nameIn(consent.patient, criteria) === undefined && consent.patient?.identifier?.value !== undefined) {
    const said = 'No Patient here that you see has this identifier: nothing is denied until one has';
    return [warning(expression, said, 'not-found')];
  }
  const diagnostics = 'Whose record is it? A consent that denies names a Patient of this server';
  return [{ severity: 'error', code: 'required', diagnostics, expression }];
}

function ofProvision(node: ConsentProvision, path: string, room: Room): Issue[] {
  const isDenied = node.type === 'deny';
  const { criteria } = room;
  const effect = (denied: string): string => (isDenied ? denied : 'so this permits nothing');
  const issues: Issue[] = [];
  const tell = (place: string, what: string, denied: string): void => {
    issues.push(warning(`${path}.${place}`, `${what}, ${effect(denied)}`));
  };
  for (const [index, { reference }] of (node.actor ?? []).entries())
    issues.push(...ofActor(reference, { isDenied, path: `${path}.actor[${index}].reference` }, room));
  for (const [index, { coding = [] }] of (node.action ?? []).entries())
    if (codedAs(coding, ACTIONS) === MAYBE)
      tell(`action[${index}]`, 'This action is not known here', 'so seeing is denied');
  for (const [index, coding] of (node.purpose ?? []).entries())
    if (codedAs([coding], PURPOSES) === MAYBE)
      tell(`purpose[${index}]`, 'Nobody says here that this is the purpose', 'so every purpose is denied');
  for (const [index, { code = '' }] of (node.class ?? []).entries())
    if (!criteria.definitions.resourceTypes.includes(code))
      tell(`class[${index}]`, `${code === '' ? 'This' : code} is no resource type`, 'so the whole record is denied');
  const isInWords = ({ coding = [] }: CodeableConcept): boolean => !coding.some(({ code }) => code);
  if ((node.code ?? []).length > 0 && node.code!.every(isInWords))
    tell('code', 'What is found by words alone cannot be told', 'so all is denied');
  for (const [index, one] of (node.data ?? []).entries()) {
    if (resourceMeant(one, criteria) !== undefined) continue;
    const place = `data[${index}].reference`;
    if (!isDenied) tell(place, 'This is no resource of this server', '');
    else {
      const diagnostics =
        'This is no resource of this server, so nothing would be denied; a resource is named by its address, or by its type and identifier';
      issues.push({ severity: 'error', code: 'not-found', diagnostics, expression: `${path}.${place}` });
    }
  }
  const inner = node.provision ?? [];
  return [...issues, ...inner.flatMap((one, index) => ofProvision(one, `${path}.provision[${index}]`, room))];
}

/** Somebody whom no provision means; who may be meant even so is not to be told from others. */
const NOBODY: Asker = { user: 'nobody', organizations: new Set() };

function ofActor(
  reference: Reference,
  { isDenied, path }: { isDenied: boolean; path: string },
  { parties, absent, arriving, criteria }: Room,
): Issue[] {
  const name = nameIn(reference, criteria);
  if (name !== undefined && arriving.has(nameOf(name))) return NOTHING;
  if (standing(reference, { asker: NOBODY, parties, context: criteria }) !== NO) {
    const effect = isDenied ? 'this is denied to everybody but the patient' : 'nobody is permitted anything by this';
    return [warning(path, `Who is meant cannot be told for certain from what you see here: until it can, ${effect}`)];
  }
  if (name === undefined || !absent.has(nameOf(name))) return NOTHING;
  const effect = isDenied ? 'denied to nobody' : 'permitted to nobody';
  return [warning(path, `${nameOf(name)} is not here: until it is, this is ${effect}`, 'not-found')];
}
