// How pages say times, devices and people. Pure.
import type { HumanName } from 'fhir/r4.js';
import { nameAmong } from '../../fhir/model/human-name.ts';

export type When = (time: string | undefined) => string;

/** `27 Nov 2026, 02:10`, in the hospital's time zone; `medium` with seconds */
export function createWhen(timeZone: string, timeStyle: 'short' | 'medium' = 'short'): When {
  const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle, timeZone });
  return (time) => (time === undefined ? '–' : format.format(new Date(time)));
}

const browsers: readonly (readonly [sign: RegExp, name: string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:OPR|Opera)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|Chromium|HeadlessChrome|CriOS)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const systems: readonly (readonly [sign: RegExp, name: string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'Mac'],
  [/\bCrOS\b/, 'Chromebook'],
  [/\bLinux\b/, 'Linux'],
];

/** `Firefox on Windows`; what says nothing of the kind as it is, `curl/8.5.0` */
export function deviceOf(userAgent: string | undefined): string {
  if (userAgent === undefined || userAgent === '') return 'Unknown device';
  const nameIn = (table: typeof browsers): string | undefined => table.find(([sign]) => sign.test(userAgent))?.[1];
  const [browser, system] = [nameIn(browsers), nameIn(systems)];
  if (browser === undefined) return userAgent.slice(0, 60);
  return system === undefined ? browser : `${browser} on ${system}`;
}

/** of a Patient, a Practitioner, an Organization … */
export function nameOf(resource: object): string | undefined {
  const { name, title } = resource as { name?: string | HumanName[]; title?: string };
  if (typeof name === 'string') return name;
  return nameAmong(name) ?? title;
}
