// What a merge makes of the two patients and of what refers to the source. Pure. The operation is that of FHIR R5:
// https://hl7.org/fhir/R5/patient-operation-merge.html
import type { Identifier, Patient, PatientLink, Task, TaskOutput } from 'fhir/r4.js';
import { FhirError } from '../../model/errors.ts';
import { copyJson } from '../../model/json.ts';
import { localName } from '../../model/references.ts';
import type { Resource } from '../../model/resource.ts';

export const MERGE = 'https://wardgate.dev/fhir/CodeSystem/merge';

const kind = (code: string) => ({ coding: [{ system: MERGE, code }] });
const isKind = (type: Task['code'], code: string): boolean =>
  type?.coding?.some((coding) => coding.system === MERGE && coding.code === code) ?? false;

export const referenceTo = (id: string) => `Patient/${id}`;

/** A copy in which every reference to `from` is one to `to`; undefined where there is none. References to a version of `from` stay. */
export function withReferences(resource: Resource, from: string, to: string, base: string): Resource | undefined {
  const copy = copyJson(resource);
  let changed = false;
  const walk = (node: Record<string, unknown>): void => {
    for (const [key, value] of Object.entries(node)) {
      if (typeof value === 'object' && value !== null) walk(value as Record<string, unknown>);
      else if (key === 'reference' && (value === from || value === `${base}/${from}`)) {
        node[key] = to;
        changed = true;
      }
    }
  };
  walk(copy);
  return changed ? copy : undefined;
}

const sameIdentifier = (a: Identifier, b: Identifier): boolean => a.system === b.system && a.value === b.value;

/** Identifiers of the source that the target lacks. */
export const carriedIdentifiers = (source: Patient, target: Patient): Identifier[] =>
  (source.identifier ?? [])
    .filter((one) => !(target.identifier ?? []).some((other) => sameIdentifier(one, other)))
    .map((one) => ({ ...one, use: 'old' }));

const withLink = ({ link = [], ...patient }: Patient, added: PatientLink): Patient => ({
  ...patient,
  link: [...link.filter(({ other }) => other.reference !== added.other.reference), added],
});

export const endedSource = (source: Patient, targetId: string): Patient => ({
  ...withLink(source, { other: { reference: referenceTo(targetId) }, type: 'replaced-by' }),
  active: false,
});

export function continuedTarget(target: Patient, sourceId: string, carried: readonly Identifier[]): Patient {
  const identifier = [...(target.identifier ?? []), ...carried];
  return {
    ...withLink(target, { other: { reference: referenceTo(sourceId) }, type: 'replaces' }),
    ...(identifier.length > 0 && { identifier }),
  };
}

/** The target without what a merge gave it, whatever was changed since. */
export function separatedTarget(target: Patient, sourceId: string, carried: readonly Identifier[]): Patient {
  const { link = [], identifier = [], ...rest } = target;
  const links = link.filter(({ type, other }) => !(type === 'replaces' && other.reference === referenceTo(sourceId)));
  const own = identifier.filter((one) => !carried.some((other) => sameIdentifier(one, other) && one.use === 'old'));
  return { ...rest, ...(links.length > 0 && { link: links }), ...(own.length > 0 && { identifier: own }) };
}

/** The source without the end a merge made of it. `wasActive` is what it was before. */
export function separatedSource(source: Patient, targetId: string, wasActive: boolean | undefined): Patient {
  const { link = [], active: _, ...rest } = source;
  const links = link.filter(
    ({ type, other }) => !(type === 'replaced-by' && other.reference === referenceTo(targetId)),
  );
  return { ...rest, ...(links.length > 0 && { link: links }), ...(wasActive !== undefined && { active: wasActive }) };
}

export const replacedBy = ({ link = [] }: Patient): string | undefined =>
  link.find(({ type }) => type === 'replaced-by')?.other.reference;

export function refuseUnfit(source: Patient, target: Patient): void {
  if (source.id === target.id) {
    throw new FhirError('business-rule', 'A patient cannot be merged into itself', { expression: 'target-patient' });
  }
  for (const [patient, expression] of [
    [source, 'source-patient'],
    [target, 'target-patient'],
  ] as const) {
    const other = replacedBy(patient);
    if (other !== undefined)
      throw new FhirError('business-rule', `Patient/${patient.id} is replaced by ${other} already`, { expression });
  }
  if (target.active === false) {
    throw new FhirError('business-rule', `Patient/${target.id} is not active, so it cannot go on`, {
      expression: 'target-patient',
    });
  }
}

/** One version of a resource: what a merge made, or what was before it. */
export interface Changed {
  type: string;
  id: string;
  version: number;
}

export interface MergeRecord {
  source: string;
  target: string;
  changed: readonly Changed[];
  carried: readonly Identifier[];
}

export function taskOf(id: string, { source, target, changed, carried }: MergeRecord, now: number): Task {
  const output = (code: string, value: Partial<TaskOutput>): TaskOutput =>
    ({ type: kind(code), ...value }) as TaskOutput;
  return {
    resourceType: 'Task',
    id,
    status: 'completed',
    intent: 'order',
    code: kind('merge'),
    description: `${referenceTo(source)} was merged into ${referenceTo(target)}`,
    focus: { reference: referenceTo(target) },
    for: { reference: referenceTo(target) },
    authoredOn: new Date(now).toISOString(),
    lastModified: new Date(now).toISOString(),
    input: [
      { type: kind('source'), valueReference: { reference: referenceTo(source) } },
      { type: kind('target'), valueReference: { reference: referenceTo(target) } },
    ],
    output: [
      ...changed.map(({ type, id: of, version }) =>
        output('changed', { valueReference: { reference: `${type}/${of}/_history/${version}` } }),
      ),
      ...carried.map((identifier) => output('carried-identifier', { valueIdentifier: identifier })),
    ],
  };
}

export const isMergeTask = (resource: Resource): boolean =>
  resource.resourceType === 'Task' && isKind((resource as never as Task).code, 'merge');

export function recordOf(task: Task): MergeRecord {
  const patient = (code: string): string => {
    const reference = task.input?.find(({ type }) => isKind(type, code))?.valueReference?.reference ?? '';
    return localName(reference, '')?.id ?? '';
  };
  const outputs = (code: string) => (task.output ?? []).filter(({ type }) => isKind(type, code));
  return {
    source: patient('source'),
    target: patient('target'),
    changed: outputs('changed').flatMap(({ valueReference }) => {
      const [, type, id, version] =
        /^([A-Za-z]+)\/([^/]+)\/_history\/(\d+)$/.exec(valueReference?.reference ?? '') ?? [];
      return type === undefined ? [] : [{ type, id: id!, version: Number(version) }];
    }),
    carried: outputs('carried-identifier').flatMap(({ valueIdentifier }) => valueIdentifier ?? []),
  };
}
