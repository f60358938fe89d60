// Keys examined per page of the hot searches while the number of Observations grows. Synthetic ones: the real set has too few.
// The figures come from MongoDB's own profiler, for the commands that the server really sent.
import type { Db } from 'mongodb';
import { httpRequest } from './closed-loop.ts';
import { heartRate, seeded } from './rates.ts';

export const hotSearches: Record<string, string> = {
  'patient + code, newest first': '/fhir/Observation?patient=g7&code=http://loinc.org|8867-4&_sort=-date&_count=20',
  'patient + category, newest first': '/fhir/Observation?patient=g7&category=vital-signs&_sort=-date&_count=20',
  'code, newest first': '/fhir/Observation?code=http://loinc.org|8867-4&_sort=-date&_count=20',
  'code without a system, newest first': '/fhir/Observation?code=8867-4&_sort=-date&_count=20',
  'code + quantity': '/fhir/Observation?code=http://loinc.org|8867-4&value-quantity=gt130&_count=20',
  'a week': '/fhir/Observation?date=ge2020-10-01&date=lt2020-10-08&_count=20',
  'last updated': '/fhir/Observation?_sort=-_lastUpdated&_count=20',
};

export interface Growth {
  observations: number;
  examined: Record<string, { keys: number; documents: number; returned: number; blockingSort: boolean }>;
}

/** Posts batches until there are as many Observations, over 5,000 patients. */
export async function grow(port: number, from: number, to: number): Promise<void> {
  const random = seeded(from + 1);
  const batch = 1000;
  const send = async (count: number): Promise<void> => {
    const entry = Array.from({ length: count }, () => ({
      request: { method: 'POST', url: 'Observation' },
      resource: JSON.parse(heartRate(`g${Math.floor(random() * 5000)}`, random)),
    }));
    const answer = await fetch(`http://127.0.0.1:${port}/fhir`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json', Prefer: 'return=minimal' },
      body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
    });
    if (!answer.ok) throw new Error(`growing: ${answer.status} ${(await answer.text()).slice(0, 300)}`);
    await answer.arrayBuffer();
  };
  let left = to - from;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      const count = Math.min(batch, left);
      left -= count;
      await send(count);
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}

export async function examine(port: number, db: Db, observations: number): Promise<Growth> {
  const examined: Growth['examined'] = {};
  for (const [name, path] of Object.entries(hotSearches)) {
    await db.command({ profile: 2 });
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
    await db.command({ profile: 0 });
    const commands = await db
      .collection('system.profile')
      .find({ ns: `${db.databaseName}.Observation`, op: { $in: ['query', 'command'] } })
      .toArray();
    const sum = (field: string): number => commands.reduce((all, command) => all + Number(command[field] ?? 0), 0);
    examined[name] = {
      keys: sum('keysExamined'),
      documents: sum('docsExamined'),
      returned: sum('nreturned'),
      blockingSort: commands.some((command) => command.hasSortStage === true),
    };
    await db.collection('system.profile').drop();
  }
  return { observations, examined };
}

export const observationPost = (random: () => number): Buffer =>
  httpRequest('POST', '/fhir/Observation', heartRate(`g${Math.floor(random() * 5000)}`, random));
