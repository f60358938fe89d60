// docs/environment.md, written from the table of settings.
import { type Setting, settings } from './settings.ts';

export function environmentDocument(): string {
  const rows = Object.values<Setting<unknown>>(settings).map(
    ({ name, default: value, help }) => `| \`${name}\` | ${shown(value)} | ${help} |`,
  );
  return [
    '# Settings',
    '',
    'Read from the environment once, at the start. A wrong value ends the start with one line and exit code 2; an empty value',
    'counts as not set. This page is written by `npx tsx tools/write-environment.ts` from `src/platform/config/settings.ts`.',
    '',
    '| name | default | meaning |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

const shown = (value: string | undefined): string => (value === undefined || value === '' ? '—' : `\`${value}\``);
