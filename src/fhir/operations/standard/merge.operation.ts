// Patient/$merge, in one transaction. https://hl7.org/fhir/R5/patient-operation-merge.html
import type { Identifier, OperationOutcome, Patient, Provenance, Reference } from 'fhir/r4.js';
import type { PatientMergeInput, PatientMergeOutput } from '../../../generated/operation-io.ts';
import { withId } from '../../interactions/resource-body.ts';
import { FhirError } from '../../model/errors.ts';
import { outcomeOf } from '../../model/outcome.ts';
import { localName } from '../../model/references.ts';
import type { Resource } from '../../model/resource.ts';
import { planCriteria, tokenValue } from '../../search/index.ts';
import { beyond } from '../../storage/beyond.ts';
import type { Transaction, Write, Written } from '../../storage/store.ts';
import { defineOperation, type OperationContext } from '../operation.ts';
import {
  carriedIdentifiers,
  continuedTarget,
  endedSource,
  isMergeTask,
  type MergeRecord,
  referenceTo,
  refuseUnfit,
  taskOf,
  withReferences,
} from './merge.ts';
import { referringTo } from './merge-referring.ts';
import { contentOf, need } from './stored.ts';

export default defineOperation<PatientMergeInput, PatientMergeOutput>({
  definition: 'Patient-merge',
  needs: ['*.su', 'Task.c', 'Provenance.c'],
  async run(input, context) {
    const { store } = context;
    const source = await patientOf(
      context,
      'source-patient',
      input['source-patient'],
      input['source-patient-identifier'],
    );
    const target = await patientOf(
      context,
      'target-patient',
      input['target-patient'],
      input['target-patient-identifier'],
    );
    const wanted = input['result-patient'];
    if (wanted !== undefined && wanted.id !== target) {
      throw new FhirError('value', `result-patient must have the id of the target, ${target}`, {
        expression: 'result-patient.id',
      });
    }
    if (input.preview) return preview(context, { source, target, wanted });
    // both are the caller's to see; what refers to them is moved whether or not it is
    await need(store, 'Patient', source);
    await need(store, 'Patient', target);
    const ids = { task: store.newId(), provenance: store.newId() };
    const merged = await beyond(store).transaction((tx) => merge(context, tx, { source, target, wanted, ids }), {
      locks: [referenceTo(source), referenceTo(target)].sort(),
      expected: [
        created({ resourceType: 'Task', id: ids.task }),
        created({ resourceType: 'Provenance', id: ids.provenance }),
      ],
    });
    return { ...merged, result: contentOf(await need(store, 'Patient', target)) as never as Patient };
  },
});

interface Pair {
  source: string;
  target: string;
  wanted: Patient | undefined;
}

/** The id of the patient that is named, or the only one that has all the identifiers. */
async function patientOf(
  { engine, store, call }: OperationContext,
  parameter: 'source-patient' | 'target-patient',
  reference: Reference | undefined,
  identifiers: readonly Identifier[] = [],
): Promise<string> {
  if (reference !== undefined) {
    const name = localName(reference.reference ?? '', call.base);
    if (name?.type === 'Patient') return name.id;
    throw new FhirError('value', `${parameter} must refer to a Patient of this server, as Patient/123`, {
      expression: parameter,
    });
  }
  const expression = `${parameter}-identifier`;
  if (identifiers.length === 0) {
    throw new FhirError('required', `Give ${parameter} or ${expression}`, { expression: parameter });
  }
  const query = identifiers.map(({ system = '', value = '' }) => ['identifier', tokenValue(system, value)] as const);
  const { definitions, settings, now } = engine;
  const { where } = planCriteria({ definitions, type: 'Patient', query, settings, now: now() });
  const { matches } = await store.find({ type: 'Patient', where, sort: [], limit: 2, total: 'none' });
  if (matches.length === 1) return matches[0]!.id;
  const found = matches.length === 0 ? 'No patient has' : 'Several patients have';
  throw new FhirError(matches.length === 0 ? 'not-found' : 'multiple-matches', `${found} these identifiers`, {
    expression,
  });
}

interface Change {
  write: Write & { kind: 'update' };
  version: number;
}

interface Plan {
  changes: Change[];
  target: Patient;
  record: Omit<MergeRecord, 'changed'>;
}

/** What will be written, read from one snapshot. */
async function plan(
  { engine, call }: OperationContext,
  tx: Pick<Transaction, 'read' | 'find'>,
  { source, target, wanted }: Pair,
): Promise<Plan> {
  const [first, second] = [await need(tx, 'Patient', source), await need(tx, 'Patient', target)];
  const [before, goesOn] = [contentOf(first) as never as Patient, contentOf(second) as never as Patient];
  refuseUnfit(before, goesOn);
  // the result wanted may leave out identifiers of the target by oversight: none is lost
  const own: Patient =
    wanted === undefined
      ? goesOn
      : {
          ...wanted,
          identifier: [
            ...(wanted.identifier ?? []),
            ...carriedIdentifiers(goesOn, wanted).map(({ use: _, ...one }) => one),
          ],
        };
  const carried = carriedIdentifiers(before, own);
  const after = continuedTarget(own, source, carried);
  const update = (resource: Resource, version: number): Change => ({
    version,
    write: {
      kind: 'update',
      type: resource.resourceType,
      id: resource.id!,
      resource: withId(resource, resource.id),
      ifVersion: version,
    },
  });
  const referring = (await referringTo(engine.definitions, tx, referenceTo(source))).filter(
    ({ type, id }) => type !== 'Patient' || (id !== source && id !== target),
  );
  const changes = referring.flatMap((match) => {
    const resource = contentOf(match);
    const changed = isMergeTask(resource)
      ? undefined
      : withReferences(resource, referenceTo(source), referenceTo(target), call.base);
    return changed === undefined ? [] : [update(changed, match.version)];
  });
  return {
    changes: [
      ...changes,
      update(endedSource(before, target) as never as Resource, first.version),
      update(after as never as Resource, second.version),
    ],
    target: after,
    record: { source, target, carried },
  };
}

const created = (resource: Resource): Write => ({
  kind: 'create',
  type: resource.resourceType,
  id: resource.id!,
  resource,
});

async function merge(
  context: OperationContext,
  tx: Transaction,
  { ids, ...pair }: Pair & { ids: { task: string; provenance: string } },
): Promise<PatientMergeOutput> {
  const { changes, record } = await plan(context, tx, pair);
  const written = await tx.write(changes.map(({ write }) => write));
  const changed = written.map(({ type, id, version }) => ({ type, id, version }));
  const now = context.now();
  const task = taskOf(ids.task, { ...record, changed }, now);
  const [storedTask] = await tx.write([
    created(task as never as Resource),
    created(provenanceOf(ids.provenance, written.slice(-2), ids.task, now) as never as Resource),
  ]);
  return {
    outcome: outcomeAbout(
      `${referenceTo(pair.source)} was merged into ${referenceTo(pair.target)}; ${countOf(changes)} refer to the target now`,
    ),
    task: contentOf({ bytes: storedTask!.bytes! }) as never as NonNullable<PatientMergeOutput['task']>,
  };
}

async function preview(context: OperationContext, pair: Pair): Promise<PatientMergeOutput> {
  const { store } = context;
  const { changes, target } = await plan(context, { read: store.read, find: beyond(store).find }, pair);
  return {
    outcome: outcomeAbout(`Nothing is merged yet; ${countOf(changes)} would refer to ${referenceTo(pair.target)}`),
    result: target,
  };
}

/** `3 resources (2 Observation, 1 Encounter)`; the patients themselves are not counted */
function countOf(changes: readonly Change[]): string {
  const byType = new Map<string, number>();
  for (const { write } of changes.slice(0, -2)) byType.set(write.type, (byType.get(write.type) ?? 0) + 1);
  const types = [...byType].sort((a, b) => b[1] - a[1]).map(([type, count]) => `${count} ${type}`);
  return `${changes.length - 2} resources${types.length === 0 ? '' : ` (${types.join(', ')})`}`;
}

const outcomeAbout = (diagnostics: string): OperationOutcome =>
  outcomeOf([{ severity: 'information', code: 'informational', diagnostics }]) as never as OperationOutcome;

function provenanceOf(id: string, patients: readonly Written[], task: string, now: number): Provenance {
  return {
    resourceType: 'Provenance',
    id,
    target: [
      ...patients.map(({ id: of, version }) => ({ reference: `Patient/${of}/_history/${version}` })),
      { reference: `Task/${task}` },
    ],
    recorded: new Date(now).toISOString(),
    activity: {
      coding: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle',
          code: 'merge',
          display: 'Merge Record Lifecycle Event',
        },
      ],
    },
    agent: [
      {
        who: { display: 'Wardgate' },
        type: {
          coding: [{ system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type', code: 'performer' }],
        },
      },
    ],
  };
}
