// Patient/$unmerge: undoes a merge by its Task, in one transaction. What the merge changed becomes what it was, unless it was changed since.
import type { OperationOutcome, Patient, Task } from 'fhir/r4.js';
import type { PatientUnmergeInput, PatientUnmergeOutput } from '../../../generated/operation-io.ts';
import { withId } from '../../interactions/resource-body.ts';
import { FhirError, type Issue } from '../../model/errors.ts';
import { outcomeOf } from '../../model/outcome.ts';
import { localName, nameOf } from '../../model/references.ts';
import type { Resource } from '../../model/resource.ts';
import { beyond } from '../../storage/beyond.ts';
import type { Store, Transaction, Version, Write } from '../../storage/store.ts';
import { defineOperation, type OperationContext } from '../operation.ts';
import {
  type Changed,
  isMergeTask,
  type MergeRecord,
  recordOf,
  referenceTo,
  replacedBy,
  separatedSource,
  separatedTarget,
} from './merge.ts';
import { contentOf, need } from './stored.ts';

const READ_AT_ONCE = 500;
const MOST_NAMED = 200;

export default defineOperation<PatientUnmergeInput, PatientUnmergeOutput>({
  definition: 'Patient-unmerge',
  needs: ['*.ru', 'Task.u'],
  async run({ task: reference, skipChanged = false }, context) {
    const { store, call } = context;
    const name = localName(reference.reference ?? '', call.base);
    if (name?.type !== 'Task') {
      throw new FhirError('value', 'task must refer to a Task of this server, as Task/123', { expression: 'task' });
    }
    const record = recordOf(needMerge(contentOf(await need(store, 'Task', name.id))));
    // both are the caller's to see; what was moved is moved back whether or not it is
    await need(store, 'Patient', record.source);
    await need(store, 'Patient', record.target);
    const whole = beyond(store);
    // superseded versions never change, so they can be read before the transaction
    const before = await versionsBefore(whole, record.changed);
    const undone = await whole.transaction((tx) => unmerge(context, tx, { id: name.id, record, before, skipChanged }), {
      locks: [referenceTo(record.source), referenceTo(record.target)].sort(),
    });
    const [source, target] = [await need(store, 'Patient', record.source), await need(store, 'Patient', record.target)];
    return {
      ...undone,
      source: contentOf(source) as never as Patient,
      target: contentOf(target) as never as Patient,
    };
  },
});

function needMerge(resource: Resource): Task {
  const task = resource as never as Task;
  if (!isMergeTask(resource)) {
    throw new FhirError('business-rule', `Task/${resource.id} does not record a merge`, { expression: 'task' });
  }
  if (task.status !== 'completed') {
    throw new FhirError('business-rule', `The merge of Task/${resource.id} is undone already`, { expression: 'task' });
  }
  return task;
}

async function versionsBefore(store: Store, changed: readonly Changed[]): Promise<Map<string, Resource>> {
  const before = new Map<string, Resource>();
  for (let start = 0; start < changed.length; start += READ_AT_ONCE) {
    const some = changed.slice(start, start + READ_AT_ONCE);
    const versions = await Promise.all(some.map(({ type, id, version }) => store.vread(type, id, version - 1)));
    for (const version of versions)
      if (version?.bytes) before.set(nameOf(version), contentOf({ bytes: version.bytes }));
  }
  return before;
}

interface Undoing {
  id: string;
  record: MergeRecord;
  before: ReadonlyMap<string, Resource>;
  skipChanged: boolean;
}

async function unmerge(
  context: OperationContext,
  tx: Transaction,
  { id, record, before, skipChanged }: Undoing,
): Promise<Omit<PatientUnmergeOutput, 'source' | 'target'>> {
  const taskVersion = await need(tx, 'Task', id);
  const task = needMerge(contentOf(taskVersion));
  const current = await tx.readMany(record.changed);
  const isPatient = ({ type, id: of }: Changed): boolean =>
    type === 'Patient' && (of === record.source || of === record.target);
  const pairs = record.changed.map((changed, index) => ({ changed, current: current[index] }));
  const others = pairs.filter(({ changed }) => !isPatient(changed));
  const untouched = others.filter(
    (one) => one.current?.version === one.changed.version && before.has(nameOf(one.changed)),
  );
  const touched = others.filter((one) => !untouched.includes(one)).map(({ changed }) => changed);
  if (touched.length > 0 && !skipChanged) {
    throw new FhirError('conflict', 'What the merge changed was changed since', { issues: issuesOf('error', touched) });
  }
  const update = (resource: Resource, version: number): Write => ({
    kind: 'update',
    type: resource.resourceType,
    id: resource.id!,
    resource: withId(resource, resource.id),
    ifVersion: version,
  });
  const patientOf = (of: string) => {
    const pair = pairs.find(({ changed }) => changed.type === 'Patient' && changed.id === of);
    return separated(pair?.current, before.get(referenceTo(of)), record, pair?.changed.version);
  };
  const [source, target] = [patientOf(record.source), patientOf(record.target)];
  const now = new Date(context.now()).toISOString();
  const undone: Task = {
    ...task,
    status: 'cancelled',
    lastModified: now,
    statusReason: {
      text: touched.length === 0 ? 'Undone' : `Undone without ${touched.length} resources that were changed since`,
    },
  };
  const written = await tx.write([
    ...untouched.map(({ changed }) => update(before.get(nameOf(changed))!, changed.version)),
    update(undone as never as Resource, taskVersion.version),
    update(source.resource, source.version),
    update(target.resource, target.version),
  ]);
  const storedTask = contentOf({ bytes: written.at(-3)!.bytes! });
  const done = `${referenceTo(record.source)} and ${referenceTo(record.target)} are separate again; ${untouched.length} resources are as they were`;
  const issues: Issue[] = [
    { severity: 'information', code: 'informational', diagnostics: done },
    ...issuesOf('warning', touched),
  ];
  return {
    outcome: outcomeOf(issues) as never as OperationOutcome,
    task: storedTask as never as Task,
  };
}

const issuesOf = (severity: Issue['severity'], touched: readonly Changed[]): Issue[] => [
  ...touched.slice(0, MOST_NAMED).map(
    (one): Issue => ({
      severity,
      code: 'conflict',
      diagnostics: `${nameOf(one)} was changed after the merge${severity === 'error' ? '; skipChanged leaves it as it is' : ' and stays as it is'}`,
      expression: 'task',
    }),
  ),
  ...(touched.length > MOST_NAMED
    ? [{ severity, code: 'conflict', diagnostics: `${touched.length - MOST_NAMED} more`, expression: 'task' } as const]
    : []),
];

/** As it was before the merge, or, where it was changed since, without what the merge did to it. */
function separated(
  current: Version | undefined,
  before: Resource | undefined,
  { source, target, carried }: MergeRecord,
  merged: number | undefined,
): { resource: Resource; version: number } {
  if (!current?.bytes || before === undefined) {
    const name = current === undefined ? referenceTo(source) : nameOf(current);
    throw new FhirError('conflict', `${name} is not there any more, so the merge cannot be undone`, {
      expression: 'task',
    });
  }
  if (current.version === merged) return { resource: before, version: current.version };
  const now = contentOf({ bytes: current.bytes }) as never as Patient;
  const isTarget = current.id === target;
  const other = replacedBy(now);
  if (!isTarget && other !== referenceTo(target)) {
    throw new FhirError('conflict', `${nameOf(current)} is not replaced by ${referenceTo(target)} any more`, {
      expression: 'task',
    });
  }
  const resource = isTarget
    ? separatedTarget(now, source, carried)
    : separatedSource(now, target, (before as never as Patient).active);
  return { resource: resource as never as Resource, version: current.version };
}
