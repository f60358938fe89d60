// What MongoDB's explain says of a command that ran, as far as an operator needs it: figures and names, never values.
// https://www.mongodb.com/docs/manual/reference/explain-results/
import type { Document } from 'mongodb';
import type { Examined } from '../store.ts';

type Seen = Omit<Examined, 'indexes'> & { indexes: string[] };

/** Adds to what was seen; gives how many documents the command found. */
export function addExplained(seen: Seen, explained: Document): number {
  const stages = (explained.stages ?? []) as Document[];
  const { executionStats: stats, queryPlanner: planner } = stages[0]?.$cursor ?? explained;
  seen.keys += Number(stats?.totalKeysExamined ?? 0);
  seen.documents += Number(stats?.totalDocsExamined ?? 0);
  addPlan(seen, planner?.winningPlan);
  for (const stage of stages) {
    if (stage.$sort) seen.isSorted = true;
    if (!stage.$lookup) continue;
    seen.keys += Number(stage.totalKeysExamined ?? 0);
    seen.documents += Number(stage.totalDocsExamined ?? 0);
    addIndexes(seen, (stage.indexesUsed ?? []) as string[]);
  }
  return Number(stats?.nReturned ?? 0);
}

/** The winning plan is a tree of stages, wrapped once more where the database compiles it. */
function addPlan(seen: Seen, plan: Document | undefined): void {
  if (!plan) return;
  const { stage, indexName, queryPlan, inputStage, inputStages, outerStage, innerStage } = plan;
  if (stage === 'SORT') seen.isSorted = true;
  if (typeof indexName === 'string') addIndexes(seen, [indexName]);
  else if (stage === 'IDHACK') addIndexes(seen, ['_id_']);
  for (const below of [queryPlan, inputStage, ...(inputStages ?? []), outerStage, innerStage]) addPlan(seen, below);
}

function addIndexes({ indexes }: Seen, names: readonly string[]): void {
  for (const name of names) if (!indexes.includes(name)) indexes.push(name);
}
