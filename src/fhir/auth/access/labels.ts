// Security labels: what is seen hangs on them, so nobody loses one by chance. https://hl7.org/fhir/R4/resource.html#tag-updates
import { FhirError } from '../../model/errors.ts';
import { type Label, labelIdentity } from '../../model/labels.ts';
import type { Resource } from '../../model/resource.ts';
import { isOwner } from './owners.ts';

export const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
/** its codes, the lowest first */
export const CLEARANCES = ['U', 'L', 'M', 'N', 'R', 'V'] as const;
export type Clearance = (typeof CLEARANCES)[number];

/** Without the owner's, which the server keeps. */
export const labelsOf = ({ meta }: Resource): readonly Label[] =>
  (meta?.security ?? []).filter((label) => !isOwner(label));

const isSame = (one: Label, other: Label): boolean => labelIdentity(one) === labelIdentity(other);

/**
 * What a PUT leaves out stays: many clients send back what they know of, and no labels. Only a confidentiality that it names takes the place of
 * another, as a resource has one.
 */
export function withLabelsKept(after: Resource, before: Resource): Resource {
  const given = after.meta?.security ?? [];
  const asGiven = (label: Label): Label | undefined => given.find((one) => isSame(one, label));
  const saysConfidentiality = given.some(({ system }) => system === CONFIDENTIALITY);
  const kept = labelsOf(before).filter(
    (label) => asGiven(label) || !(saysConfidentiality && label.system === CONFIDENTIALITY),
  );
  if (kept.every(asGiven)) return after;
  const security = [
    ...kept.map((label) => asGiven(label) ?? label),
    ...given.filter((one) => !kept.some((label) => isSame(one, label))),
  ];
  return { ...after, meta: { ...after.meta, security } };
}

/**
 * Who may not run `$meta-delete` takes no label away by a write either, and lowers no confidentiality: what others see hangs on it for ever. Nor does
 * anybody who broke the glass, and sees for one request only.
 */
export function refuseFewerLabels(
  type: string,
  before: Resource,
  after: Resource,
  { isInEmergency, mayDelete }: { isInEmergency: boolean; mayDelete: boolean },
): void {
  if (mayDelete && !isInEmergency) return;
  const kept = labelsOf(after);
  const lost = labelsOf(before).find((label) => !kept.some((one) => isAtLeast(one, label)));
  if (lost === undefined) return;
  const { system, code } = lost;
  const message = isInEmergency
    ? 'Who breaks the glass takes no label away'
    : 'Only who may run $meta-delete takes a label away';
  throw new FhirError('forbidden', `${message}: ${system}|${code}`, { expression: `${type}.meta.security` });
}

function isAtLeast(one: Label, other: Label): boolean {
  if (isSame(one, other)) return true;
  const rankOf = ({ system, code }: Label): number =>
    system === CONFIDENTIALITY ? CLEARANCES.indexOf(code as Clearance) : -1;
  return rankOf(other) >= 0 && rankOf(one) > rankOf(other);
}
