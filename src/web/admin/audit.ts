// The audit trail for people: who did what to whose data, and whether the record is whole. AuditEvents are searched as by any client (docs/audit.md),
// so a hospital's administrator sees what was done there, and a patient who looked at the own record.
import type { AuditEvent } from 'fhir/r4.js';
import { idSystemOf } from '../../fhir/audit/event.ts';
import type { Call } from '../../fhir/interactions/call.ts';
import type { Resource } from '../../fhir/model/resource.ts';
import { escapeValue } from '../../fhir/search/index.ts';
import type { UsersOutput, VerifyAuditOutput } from '../../generated/operation-io.ts';
import { sleep } from '../../platform/clock/clock.ts';
import type { Ask } from '../signed-in/ask.ts';
import type { Filter } from '../signed-in/filters.ts';
import { namesOf } from '../signed-in/names.ts';
import type { Again, Room, View, Visit } from '../signed-in/room.ts';
import { nameOf } from '../signed-in/words.ts';
import { tellEvent } from './tell-event.ts';

const AUDIT = '/admin/audit';
const PAGE = '25';
const MOST_NAMESAKES = 20;
/** how long a page waits for the check before it says how far it is */
const PAUSES_MS = [300, 700, 2000];

type Pairs = (readonly [string, string])[];

const deeds: Readonly<Record<string, readonly [label: string, query: Pairs]>> = {
  '': ['anything', []],
  read: ['reading', [['action', 'R']]],
  search: [
    'searches and operations',
    [
      ['action', 'E'],
      ['type', 'rest'],
    ],
  ],
  create: ['creating', [['action', 'C']]],
  change: ['changing', [['action', 'U']]],
  delete: ['deleting', [['action', 'D']]],
  'sign-in': ['sign-ins and accounts', [['type', '110114']]],
  roles: ['roles given or withdrawn', [['subtype', '110136']]],
  refused: ['what was refused', [['subtype', '110113']]],
  glass: ['glass that was broken', [['subtype', '110127']]],
};
const outcomes: Readonly<Record<string, string>> = {
  '': 'any',
  '0': 'done',
  '4': 'refused or wrong',
  '8': 'failed',
};
const FIELDS = ['who', 'patient', 'what', 'outcome', 'from', 'to'] as const;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

export function addAuditPages({ page, form, filters }: Room): void {
  async function audit({ ask, req, acting }: Visit, { said, problem }: Again): Promise<View> {
    // who knows of no other accounts reads about the own record
    const isOthers = ask.mayRun('users');
    const asked = problem ? said : filters.open(req.query.f);
    const { page: position, ...filter } = asked;
    const found = problem ? { entries: [] } : await search(ask, filter, position);
    const names = new Map(
      found.entries.map(({ resource }) => [`${resource.resourceType}/${resource.id}`, nameOf(resource)]),
    );
    const events = found.entries.filter(({ isMatch }) => isMatch).map(({ resource }) => eventOf(resource));
    const nameFor = (reference: string): string => names.get(reference) ?? reference;
    return {
      template: 'admin/audit',
      title: isOthers
        ? 'Audit'
        : `Who looked at ${acting?.as === 'carer' ? `the record of ${acting.name}` : 'your record'}`,
      isOthers,
      events: events.map((event) => ({ id: event.id, ...tellEvent(event, nameFor) })),
      values: filter,
      deeds: Object.entries(deeds).map(([code, [label]]) => [code, label]),
      outcomes: Object.entries(outcomes),
      isFiltered: Object.keys(filter).length > 0,
      isSearched: problem === undefined,
      mayVerify: ask.mayRun('verify-audit'),
      first: position === undefined ? undefined : `${AUDIT}?f=${filters.close(filter)}`,
      next:
        found.next === undefined
          ? undefined
          : `${AUDIT}?f=${filters.close({ ...filter, page: JSON.stringify(found.next) })}`,
    };
  }
  page(AUDIT, audit);
  form(
    AUDIT,
    async (_visit, said) => ({
      to: `${AUDIT}?f=${filters.close(Object.fromEntries(FIELDS.map((name) => [name, said[name]])))}`,
    }),
    audit,
  );

  page(`${AUDIT}/:id`, async ({ ask, id }) => {
    const written = eventOf(await ask.read('AuditEvent', id));
    const event = tellEvent(written, await namesOf(ask, referencesIn(written)));
    return {
      template: 'admin/audit-event',
      title: event.what,
      back: { href: AUDIT, label: 'Audit' },
      event,
      mayOpenAccounts: ask.mayRun('users'),
      json: JSON.stringify(written, undefined, 2),
    };
  });

  form(`${AUDIT}/check`, async ({ ask }) => ({ to: `${AUDIT}/check/${await ask.begin('verify-audit')}` }), audit);
  page(`${AUDIT}/check/:id`, async ({ ask, id }) => {
    const shown = { template: 'admin/audit-check', back: { href: AUDIT, label: 'Audit' } };
    for (const pause of PAUSES_MS) {
      await sleep(pause);
      const state = await ask.ended<VerifyAuditOutput>(id, 'verify-audit');
      if ('output' in state)
        return {
          ...shown,
          title: state.output.whole ? 'The record is whole' : 'The record was tampered with',
          ...state.output,
        };
      if (pause === PAUSES_MS.at(-1))
        return {
          ...shown,
          title: 'The record is being checked',
          progress: state.progress,
          path: `${AUDIT}/check/${id}`,
        };
    }
    throw new Error('no pause');
  });
}

async function search(ask: Ask, filter: Filter, position: string | undefined) {
  if (position !== undefined) return ask.search('AuditEvent', JSON.parse(position) as Call['query']);
  const { who, account, patient, what = '', outcome, from, to } = filter;
  const query: Pairs = [...(deeds[what]?.[1] ?? [])];
  if (who !== undefined) query.push(...(await byWho(ask, who)));
  // what was done to an account is one of these, by which the log is indexed
  if (account !== undefined)
    query.push(['entity:identifier', `${idSystemOf('account')}|${escapeValue(account)}`], ['subtype', '110136,110137']);
  if (patient !== undefined) query.push(['patient', (await patientsCalled(ask, patient)).join(',')]);
  if (outcome !== undefined) query.push(['outcome', outcome]);
  if (from !== undefined && DATE.test(from)) query.push(['date', `ge${from}`]);
  if (to !== undefined && DATE.test(to)) query.push(['date', `le${to}`]);
  return ask.search('AuditEvent', [
    ...query,
    ['_sort', '-date'],
    ['_count', PAGE],
    ['_total', 'none'],
    ['_include', 'AuditEvent:agent'],
    ['_include', 'AuditEvent:patient'],
  ]);
}

/** A name, an e-mail address, the id of an account or of a client, or a resource: `Practitioner/p1`. */
async function byWho(ask: Ask, text: string): Promise<Pairs> {
  if (/^[A-Z][A-Za-z]+\/[A-Za-z0-9.-]+$/.test(text)) return [['agent', text]];
  const ids = [escapeValue(text)];
  if (ask.mayRun('users')) {
    const { account = [] } = await ask.run<UsersOutput>('users', { text, count: MOST_NAMESAKES });
    ids.push(...account.map(({ id }) => id));
  }
  return [['altid', ids.join(',')]];
}

/** A name, a record number, or an id. */
async function patientsCalled(ask: Ask, text: string): Promise<string[]> {
  const id = /^(?:Patient\/)?([A-Za-z0-9.-]{1,64})$/.exec(text)?.[1];
  const references = id === undefined ? [] : [`Patient/${id}`];
  if (ask.maySearch('Patient')) {
    const words = escapeValue(text)
      .split(/\s+/)
      .map((word) => ['name', word] as const);
    for (const query of [words, [['identifier', escapeValue(text)] as const]]) {
      const { entries } = await ask.search('Patient', [
        ...query,
        ['_elements', 'name'],
        ['_count', String(MOST_NAMESAKES)],
      ]);
      references.push(...entries.map(({ resource }) => `Patient/${resource.id}`));
    }
  }
  // nobody is called so: then nothing is found
  return references.length === 0 ? ['Patient/-'] : [...new Set(references)];
}

const eventOf = (resource: Resource): AuditEvent & { id: string } => resource as unknown as AuditEvent & { id: string };

const referencesIn = ({ agent, entity = [] }: AuditEvent): (string | undefined)[] => [
  ...agent.map(({ who }) => who?.reference),
  ...entity.map(({ what }) => what?.reference),
];
