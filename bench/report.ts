// docs/benchmarks.md from one run: ratios first, because they carry over to other machines; rates only beside them.
import type { Growth } from './growth.ts';
import type { ImportResult } from './import-bundles.ts';
import type { Rate } from './rates.ts';

export interface Results {
  machine: string;
  mongodb: string;
  imported: ImportResult;
  unreadable: number;
  disk: { dataMiB: number; indexMiB: number; resources: number };
  restartMs: number;
  pairs: { wardgate: Rate; raw: Rate }[];
  others: Rate[];
  growth: Growth[];
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const two = (value: number): string => value.toFixed(2);

const row = (...cells: (string | number)[]): string => `| ${cells.join(' | ')} |`;

const cost = (rate: Rate): string =>
  `${whole(rate.perSecond)} (${whole(rate.serverMicros)} + ${whole(rate.databaseMicros)} µs; ${two(rate.p50)} / ${two(rate.p99)} ms)`;

export function report(results: Results): string {
  const { imported, disk } = results;
  const perResource = ((disk.dataMiB + disk.indexMiB) * 1024) / Math.max(1, disk.resources);
  return [
    '# Benchmarks',
    '',
    'Written by `npm run bench` from one run; server, database and load generator share the machine, so ratios and CPU per request mean',
    'more than rates. A rate is shown as `requests/s (CPU of server + database per request; median / 99 % time)`.',
    '',
    `Machine: ${results.machine}; MongoDB ${results.mongodb}, one-node replica set, writes with w: majority.`,
    '',
    '## Beside the raw limit',
    '',
    'The raw limit is a bare node:http server that returns the same bytes from the same collections with the same driver, micro-batched as',
    'well, and does nothing else (`bench/raw-limit.ts`). 16 connections, median of three interleaved rounds.',
    '',
    row('', 'raw limit', 'Wardgate', 'ratio', 'failed'),
    row('---', '---', '---', '---', '---'),
    ...results.pairs.map(({ wardgate, raw }) =>
      row(
        wardgate.name,
        cost(raw),
        cost(wardgate),
        `**${two(wardgate.perSecond / raw.perSecond)}**`,
        wardgate.failed + raw.failed,
      ),
    ),
    '',
    '## Other requests',
    '',
    row('', 'Wardgate', 'failed'),
    row('---', '---', '---'),
    ...results.others.map((rate) => row(rate.name, cost(rate), rate.failed)),
    '',
    '## Import',
    '',
    row('', ''),
    row('---', '---'),
    row('transaction bundles, 4 at a time', imported.bundles),
    row('resources acknowledged', whole(imported.resources)),
    row('errors', imported.errors.length),
    row('acknowledged but not readable', results.unreadable),
    row('resources a second, base validation on', whole(imported.resources / imported.seconds)),
    row(
      'CPU a resource, server + database',
      `${whole((imported.serverCpuMs * 1000) / imported.resources)} + ${whole((imported.databaseCpuMs * 1000) / imported.resources)} µs`,
    ),
    row('server memory, peak', `${whole(imported.peakMiB)} MiB`),
    row('server memory, settled', `${whole(imported.settledMiB)} MiB`),
    row(
      'disk, data + indexes',
      `${whole(disk.dataMiB)} + ${whole(disk.indexMiB)} MiB (${two(perResource)} KiB a resource)`,
    ),
    row('start of the server with this data', `${two(results.restartMs / 1000)} s`),
    '',
    ...growthTable(results.growth),
  ].join('\n');
}

function growthTable(growth: Growth[]): string[] {
  if (growth.length === 0) return [];
  const names = Object.keys(growth[0]?.examined ?? {});
  return [
    '## Keys examined for a page of 20 while the data grows',
    '',
    'Counted by MongoDB’s profiler over all commands of the request; synthetic Observations of 5,000 patients are added to the imported ones.',
    'A sort stage would mean that the database sorts in memory.',
    '',
    row('', ...growth.map(({ observations }) => `+ ${whole(observations)}`)),
    row('---', ...growth.map(() => '---')),
    ...names.map((name) =>
      row(
        name,
        ...growth.map(({ examined }) => {
          const { keys = 0, documents = 0, returned = 0, blockingSort } = examined[name] ?? {};
          return `${keys} keys, ${documents} documents for ${returned}${blockingSort ? ', sort stage' : ''}`;
        }),
      ),
    ),
    '',
  ];
}
