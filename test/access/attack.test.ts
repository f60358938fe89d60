// Every role, every type, every way in: one resource of each type belongs to somebody else, and nobody who may not see it learns anything of it. Each
// question is asked twice, of what is hidden and of what never was: the two answers must be the same. And no answer may hold what only hidden
// resources hold. What is seen is compared in oracle.test.ts.
import assert from 'node:assert/strict';
import type { Hidden } from '../../src/fhir/auth/access/hidden.ts';
import { OWNER_SYSTEM } from '../../src/fhir/auth/access/owners.ts';
import { LETTERS } from '../../src/fhir/auth/access/policy.ts';
import type { Caller } from '../../src/fhir/auth/caller.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { parametersOf } from '../../src/fhir/search/index.ts';
import { anyResource } from '../support/any-resource.ts';
import { type Ask, type Asked, aCaller, askerOf } from '../support/callers.ts';
import { rotation } from '../support/rotation.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** Stands in hidden resources only, and in no request. */
const SECRET = 's3cr3t';
/** … in elements that are hidden of resources that are seen */
const PART = 'p4rt';
const OURS = 'h1';
const THEIRS = 'h2';

const staff = (role: string): Caller =>
  aCaller(role, { organizations: [OURS], fhirUser: { type: 'Practitioner', id: 'practitioner' } });
const person = (role: string): Caller => aCaller(role, { fhirUser: { type: 'Patient', id: 'mine' } });

const attackers: Readonly<Record<string, Caller>> = {
  'hospital-admin': staff('hospital-admin'),
  doctor: staff('doctor'),
  nurse: staff('nurse'),
  receptionist: staff('receptionist'),
  pharmacist: staff('pharmacist'),
  'lab-technician': staff('lab-technician'),
  'ambulance-driver': staff('ambulance-driver'),
  patient: person('patient'),
  donor: person('donor'),
  "a patient's app": { ...person('patient'), patient: 'mine', scopes: ['patient/*.cruds'] },
  "an administrator's app on one patient": { ...aCaller('admin'), patient: 'mine', scopes: ['patient/*.cruds'] },
  'a program that searches only': {
    ...aCaller('system', { kind: 'client', organizations: [OURS] }),
    scopes: ['system/*.s'],
  },
  anybody: aCaller('anybody', { kind: 'anonymous', id: '', roles: [] }),
};

/** What is asked about: a resource that is hidden, or one that never was. */
interface About {
  type: string;
  id: string;
  /** a tag that only it has */
  tag: string;
  /** the patient whose it is */
  patient: string;
  /** a Provenance of the attacker's own that refers to it */
  provenance: string;
  /** a List of the attacker's own that has it as an item */
  list: string;
}

interface Request {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  body?: object;
  headers?: Record<string, string>;
  /** the answer is of a new resource, of which only the status is the same each time */
  makes?: true;
}

const get = (path: string): Request => ({ method: 'GET', path });
const PATCH = { 'content-type': 'application/json-patch+json' };
const aPatch = [{ op: 'add', path: '/language', value: 'en' }];
const aPathPatch = {
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        { name: 'type', valueCode: 'delete' },
        { name: 'path', valueString: 'meta.tag' },
      ],
    },
  ],
};
const bundle = (type: string, ...entry: object[]): object => ({ resourceType: 'Bundle', type, entry });

/** Those that are asked of types too of which the role has nothing. */
const everywhere = ({ type, id, tag, provenance }: About, content: Resource): Request[] => [
  get(`${type}/${id}`),
  get(`${type}/${id}/_history`),
  get(`${type}?_tag=${tag}&_total=accurate`),
  get(`Provenance?_id=${provenance}&_include=*&_include:iterate=*`),
  get(`Provenance?target:${type}._tag=${tag}`),
  { method: 'PUT', path: `${type}/${id}`, body: { ...content, id } },
  { method: 'DELETE', path: `${type}/${id}` },
  get(`${type}/${id}/$meta`),
  { method: 'GET', path: `${type}/${id}`, headers: { 'if-none-match': 'W/"1"' } },
  { method: 'GET', path: `${type}/${id}`, headers: { 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' } },
];

/** Every way to ask about one resource. */
function questions(
  { type, id, tag, patient, list }: About,
  content: Resource,
  patientCode: string | undefined,
  operations: readonly string[],
): Request[] {
  const chained =
    patientCode === undefined
      ? []
      : [
          get(`${type}?${patientCode}=Patient/${patient}&_total=accurate`),
          get(`${type}?${patientCode}:Patient._tag=${tag}`),
          get(`${type}?_filter=${patientCode} eq Patient/${patient}`),
          get(`Patient?_has:${type}:${patientCode}:_tag=${tag}&_total=accurate`),
          get(`Patient?_has:${type}:${patientCode}:_id=${id}`),
          get(`Patient?_id=mine&_revinclude=${type}:${patientCode}&_tag:not=${tag}&_summary=count`),
          get(`Patient/${patient}/${type}?_total=accurate`),
        ];
  const named = { ...content, id };
  return [
    get(`${type}/${id}/_history/1`),
    get(`${type}?_id=${id}&_total=accurate`),
    get(`${type}?_tag=${tag}&_total=estimate&_sort=-_lastUpdated&_elements=id`),
    get(`${type}?_filter=_tag eq ${tag}`),
    get(`${type}?_list=${list}&_total=accurate`),
    { method: 'POST', path: `${type}/_search?_tag=${tag}` },
    get(`?_type=${type}&_tag=${tag}`),
    ...chained,
    {
      method: 'POST',
      path: '',
      body: bundle(
        'batch',
        { request: { method: 'GET', url: `${type}/${id}` } },
        { request: { method: 'GET', url: `${type}?_tag=${tag}` } },
      ),
    },
    {
      method: 'POST',
      path: '',
      body: bundle('transaction', { request: { method: 'GET', url: `${type}?_tag=${tag}&_total=accurate` } }),
    },
    {
      method: 'POST',
      path: '',
      body: bundle('transaction', {
        resource: {
          resourceType: 'Communication',
          status: 'completed',
          subject: { reference: 'Patient/mine' },
          about: [{ reference: `${type}?_tag=${tag}` }],
        },
        request: { method: 'POST', url: 'Communication' },
      }),
    },
    { method: 'PUT', path: `${type}/${id}`, body: named, headers: { 'if-match': 'W/"1"' } },
    { method: 'PUT', path: `${type}/${id}`, body: named, headers: { 'if-none-match': '*' } },
    { method: 'PATCH', path: `${type}/${id}`, body: aPatch, headers: PATCH },
    { method: 'DELETE', path: `${type}/${id}`, headers: { 'if-match': 'W/"1"' } },
    { method: 'PATCH', path: `${type}?_tag=${tag}`, body: aPatch, headers: PATCH },
    { method: 'DELETE', path: `${type}?_tag=${tag}` },
    { method: 'DELETE', path: `${type}?_tag=${tag}&_count=5` },
    {
      method: 'POST',
      path: '',
      body: bundle('transaction', { request: { method: 'DELETE', url: `${type}/${id}`, ifMatch: 'W/"1"' } }),
    },
    {
      method: 'POST',
      path: '',
      body: bundle('transaction', { resource: named, request: { method: 'PUT', url: `${type}/${id}` } }),
    },
    { method: 'PATCH', path: `${type}/${id}`, body: aPathPatch },
    { method: 'PUT', path: `${type}?_tag=${tag}`, body: content, makes: true },
    { method: 'POST', path: type, body: content, headers: { 'if-none-exist': `_tag=${tag}` }, makes: true },
    {
      method: 'POST',
      path: '',
      body: bundle(
        'batch',
        { resource: content, request: { method: 'PUT', url: `${type}?_tag=${tag}` } },
        { resource: content, request: { method: 'POST', url: type, ifNoneExist: `_tag=${tag}` } },
      ),
      makes: true,
    },
    ...operations.flatMap((code): Request[] => [
      get(`${type}/${id}/$${code}`),
      { method: 'POST', path: `${type}/${id}/$${code}`, body: { resourceType: 'Parameters' } },
    ]),
    get(`$diff?from=${type}/${id}&to=${type}/${id}`),
    get(`${type}/${id}/$graph?graph=x`),
    { method: 'POST', path: `${type}/${id}/$validate?mode=update`, body: named },
    {
      method: 'POST',
      path: `${type}/${id}/$meta-add`,
      body: { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: { tag: [{ code: 'x' }] } }] },
    },
    ...(type === 'Patient' ? patientOperations(id) : []),
    ...(type === 'Encounter' ? [get(`Encounter/${id}/$everything`)] : []),
    ...(type === 'Group' ? [get(`Group/${id}/$everything`)] : []),
    ...(type === 'Composition' ? [get(`Composition/${id}/$document`), get(`Composition/$document?id=${id}`)] : []),
  ];
}

const patientOperations = (id: string): Request[] => [
  get(`Patient/${id}/$everything`),
  get(`Patient/${id}/$summary`),
  get(`Observation/$lastn?patient=Patient/${id}`),
  get(`Observation/$stats?subject=Patient/${id}&code=x&statistic=count`),
  {
    method: 'POST',
    path: 'Patient/$match',
    body: {
      resourceType: 'Parameters',
      parameter: [{ name: 'resource', resource: { resourceType: 'Patient', id, identifier: [{ value: id }] } }],
    },
  },
  {
    method: 'POST',
    path: 'Patient/$merge',
    body: {
      resourceType: 'Parameters',
      parameter: [
        { name: 'source-patient', valueReference: { reference: `Patient/${id}` } },
        { name: 'target-patient', valueReference: { reference: 'Patient/mine' } },
      ],
    },
  },
];

/** Lists of many, which hold what is hidden or do not; there is nothing to compare them with. */
const lists = (type: string): Request[] => [
  get(`${type}?_count=50`),
  get(`${type}?_sort=-_lastUpdated&_count=50`),
  get(`${type}?_sort=_id&_count=50&_include=*&_revinclude=*`),
  get(`${type}/_history?_count=50`),
  get(`${type}/$meta`),
];

/** In two answers to one question, what must differ: whom it was about, and when it was given. */
const alike = ({ status, text, headers }: Asked, { id, tag, patient }: About): string =>
  [
    status,
    JSON.stringify(headers),
    [id, tag, patient]
      .reduce((told, name) => told.replaceAll(name, '#'), text)
      .replaceAll(/(?:hidden|gone|absent)-(of|list)-/g, '#-$1-')
      .replaceAll(/"lastUpdated":"[^"]*"/g, '')
      .replaceAll(/_cursor=[^"&]*/g, ''),
  ].join(' ');

describe('nobody learns of what is not theirs', function () {
  const turn = rotation(20);
  this.timeout(turn.timeout);
  let server: TestServer;
  let ask: Ask;
  let types: readonly string[];
  let tried = 0;

  before(async () => {
    server = await startTestServer('access-attack', { settings: { auth: 'on', validationInvariants: false } });
    ask = askerOf(server);
    const { definitions } = server.engine;
    types = definitions.resourceTypes.filter((type) => type !== 'Parameters');
    const owned = (owner: string) => [{ system: OWNER_SYSTEM, code: owner }];
    const save = (resource: Resource): Promise<unknown> =>
      server.store.write({ kind: 'update', type: resource.resourceType, id: resource.id!, resource });
    const mine = { meta: { security: owned(OURS) } };
    await save({ resourceType: 'Patient', id: 'mine', ...mine });
    const { ownership } = server.service.access!.policies;
    await Promise.all(
      types.map(async (type) => {
        // definitions are everybody's
        if (ownership.sharingOf(type) === 'shared') return;
        const meta = {
          security: owned(THEIRS),
          tag: [{ code: `tag-${type}`.toLowerCase() }],
          source: `urn:${SECRET}:${type}`,
        };
        const hidden = {
          ...anyResource(definitions, type, 'theirs'),
          id: type === 'Patient' ? 'theirs' : `hidden-${type}`,
          meta,
        };
        await save(hidden);
        const gone = `gone-${type}`;
        await save({ ...hidden, id: gone, meta: { security: owned(THEIRS), source: `urn:${SECRET}:${type}` } });
        await server.store.write({ kind: 'delete', type, id: gone });
        for (const [kind, id] of [
          ['hidden', hidden.id],
          ['gone', gone],
          ['absent', `absent-${type}`],
        ] as const) {
          const reference = { reference: `${type}/${id}` };
          await save({
            ...anyResource(definitions, 'Provenance', 'mine'),
            id: `${kind}-of-${type}`,
            ...mine,
            target: [{ reference: 'Patient/mine' }, reference],
          });
          await save({
            ...anyResource(definitions, 'List', 'mine'),
            id: `${kind}-list-${type}`,
            ...mine,
            entry: [{ item: reference }],
          });
        }
      }),
    );
  });

  after(() => {
    console.log(`      ${tried.toLocaleString('en')} attacks tried (${turn.name})`);
    return server.close();
  });

  const about = (kind: 'hidden' | 'gone' | 'absent', type: string): About => ({
    type,
    id: kind === 'hidden' && type === 'Patient' ? 'theirs' : `${kind}-${type}`,
    tag: `${kind === 'hidden' ? 'tag' : 'not'}-${type}`.toLowerCase(),
    patient: kind === 'hidden' ? 'theirs' : `${kind}-Patient`,
    provenance: `${kind}-of-${type}`,
    list: `${kind}-list-${type}`,
  });

  async function make(caller: Caller, { method, path, body, headers }: Request): Promise<Asked> {
    tried++;
    return ask(caller, method, path, body, headers);
  }

  /** Definitions are everybody's, and the directory where nobody owns it; here everything has an owner, which only unbound callers do not mind. */
  const maySee = (caller: Caller, type: string): boolean => {
    const { ownership } = server.service.access!.policies;
    const sharing = ownership.sharingOf(type);
    return sharing === 'shared' || (sharing === 'open' && caller.organizations.length === 0);
  };

  /** operations on one resource of the type */
  const operationsOn = (type: string): string[] =>
    server.service.operations
      .definitions()
      .filter(({ levels, types: on }) => levels.includes('instance') && (on.includes(type) || on.includes('Resource')))
      .map(({ code }) => code);

  for (const [index, [who, caller]] of Object.entries(attackers).entries()) {
    it(`as ${who}`, async () => {
      const { definitions } = server.engine;
      const leaks: string[] = [];
      const attack = async (type: string): Promise<void> => {
        if (maySee(caller, type)) return;
        const { byCode, patient } = parametersOf(definitions, type);
        const code = byCode.has('patient') ? 'patient' : patient;
        const content = anyResource(definitions, type, 'mine');
        const absent = about('absent', type);
        const { may } = server.service.access!.rightsOf(caller);
        const hasSome = LETTERS.some((letter) => may(type, letter));
        const operations = operationsOn(type);
        const asked = (of: About): Request[] => [
          ...everywhere(of, content),
          ...(hasSome ? questions(of, content, code, operations) : []),
        ];
        const ofAbsent = asked(absent);
        const answers = new Map<number, Asked>();
        for (const kind of ['hidden', 'gone'] as const) {
          const of = about(kind, type);
          for (const [at, request] of asked(of).entries()) {
            // what is gone is found by no search, so only the first questions ask about it
            if (kind === 'gone' && at > ABOUT_ONE) break;
            const one = await make(caller, request);
            const other = answers.get(at) ?? (await make(caller, ofAbsent[at]!));
            if (request.method === 'GET') answers.set(at, other);
            const name = `${request.method} ${request.path} ${JSON.stringify(request.body ?? '').slice(0, 200)}`;
            if (one.text.includes(SECRET)) leaks.push(`${name} tells ${one.text}`);
            const [told, expected] = request.makes
              ? [statusesOf(one), statusesOf(other)]
              : [alike(one, of), alike(other, absent)];
            if (told !== expected) leaks.push(`${name}: ${told} ≠ ${expected}`);
          }
        }
        for (const request of hasSome ? lists(type) : []) {
          const { text } = await make(caller, request);
          if (text.includes(SECRET)) leaks.push(`${request.path} tells ${text}`);
        }
      };
      const due = types.filter((_, at) => turn.isDue(index, at));
      for (let start = 0; start < due.length; start += AT_ONCE)
        await Promise.all(due.slice(start, start + AT_ONCE).map(attack));
      assert.equal(leaks.length, 0, `${leaks.length} leaks, such as ${leaks[0]?.slice(0, 2000)}`);
    });
  }

  /** A resource that the role sees a part of, with something in every part that it does not see. */
  async function arrangePart(caller: Caller, type: string): Promise<Hidden | undefined> {
    const { definitions } = server.engine;
    const { may, reach } = server.service.access!.rightsOf(caller);
    if (!may(type, 'r')) return undefined;
    const { ways } = await reach(type, 'r');
    const hidden = ways[0]?.hidden;
    if (ways.length !== 1 || !hidden) return undefined;
    const content = anyResource(definitions, type, 'mine');
    const contained: object[] = [];
    for (const name of hidden.elements) {
      const { kind, ...element } = { ...definitions.type(type)!.elements.get(name)!, kind: 'complex' };
      const isPrimitive = definitions.type(element.type)?.kind === 'primitive';
      const mark = { id: PART };
      // what hangs on a reference that is hidden
      const reference = element.type === 'Reference' && { reference: `#${name}` };
      if (reference) contained.push({ resourceType: 'Basic', id: name, code: { text: PART } });
      const [at, value] = isPrimitive ? [`_${name}`, mark] : [name, { ...mark, display: PART, ...reference }];
      if (name === 'text')
        content.text = { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${PART}</div>` };
      else content[at] = element.isArray ? [value] : value;
    }
    if (contained.length > 0) content.contained = contained;
    const id = type === 'Patient' ? 'mine' : `part-${type}`;
    const labels = { security: [{ system: OWNER_SYSTEM, code: OURS }] };
    await server.store.write({ kind: 'update', type, id, resource: { ...content, id, meta: labels } });
    return hidden;
  }

  const askedOfPart = (type: string, code: string, target: string | undefined): Request[] => {
    // every resource may have words; those of what is hidden are not to be searched
    if (code === '_text') return [get(`${type}?_text=${PART}`)];
    return code === '_content' ? [] : askedOfParameter(type, code, target);
  };

  const askedOfParameter = (type: string, code: string, target: string | undefined): Request[] => [
    get(`${type}?${code}:missing=false`),
    get(`${type}?${code}:missing=true&_summary=count`),
    get(`${type}?_sort=${code}`),
    get(`${type}?_sort=-_lastUpdated,${code}`),
    ...(target === undefined
      ? []
      : [
          get(`${type}?${code}=${target}/x`),
          get(`${type}?_filter=${code} eq ${target}/x`),
          get(`${type}?${code}:${target}._id:not=x`),
          get(`${target}?_has:${type}:${code}:_id=x`),
        ]),
  ];

  for (const [who, caller] of Object.entries(attackers)) {
    it(`nor of what is hidden in what they see: ${who}`, async () => {
      const { definitions } = server.engine;
      const leaks: string[] = [];
      for (const type of types) {
        const hidden = await arrangePart(caller, type);
        if (!hidden) continue;
        const id = type === 'Patient' ? 'mine' : `part-${type}`;
        const shown = await make(caller, get(`${type}/${id}`));
        if (shown.status !== 200) continue;
        const more = [
          get(`${type}?_count=100&_include=*&_revinclude=*`),
          get(`${type}/${id}/_history`),
          get(`${type}/${id}/_history/1`),
          get(`${type}/${id}/$meta`),
          { method: 'PUT', path: `${type}/${id}`, body: shown.body } as const,
          {
            method: 'PATCH',
            path: `${type}/${id}`,
            body: [{ op: 'add', path: '/language', value: 'de' }],
            headers: PATCH,
          } as const,
        ];
        const told = [shown, ...(await Promise.all(more.map((request) => make(caller, request))))];
        for (const { text } of told) if (text.includes(PART)) leaks.push(`${type} tells ${text}`);
        const marks = async (): Promise<number> =>
          (await server.store.read(type, id))!.bytes!.toString().split(PART).length;
        const before = await marks();
        const again = await make(caller, get(`${type}/${id}`));
        await make(caller, { method: 'PUT', path: `${type}/${id}`, body: again.body });
        if ((await marks()) !== before) leaks.push(`${type}: a write took away what was hidden from who wrote`);
        const { byCode } = parametersOf(definitions, type);
        for (const [code, { definition, targets, composition }] of byCode) {
          if (!hidden.hides(code) || composition) continue;
          const target = definition.type === 'reference' ? targets[0] : undefined;
          for (const request of askedOfPart(type, code, target)) {
            const { status, text } = await make(caller, request);
            if (status !== 403) leaks.push(`${request.path} → ${status} ${text}`);
          }
        }
      }
      assert.equal(leaks.length, 0, `${leaks.length} leaks, such as ${leaks[0]?.slice(0, 2000)}`);
    });
  }

  it('and none of it was changed', async () => {
    const { ownership } = server.service.access!.policies;
    const names = types
      .filter((type) => ownership.sharingOf(type) !== 'shared')
      .map((type) => ({ type, id: about('hidden', type).id }));
    const changed = (await server.store.readMany(names)).filter(
      (version) => version?.version !== 1 || version.bytes === null,
    );
    assert.deepEqual(changed, []);
  });
});

const AT_ONCE = 12;
/** of the questions, those that need no tag and no list */
const ABOUT_ONE = 10;

/** The status of an answer, and of each entry within it. */
const statusesOf = ({ status, body }: Asked): string =>
  [status, ...(body?.entry ?? []).map((one: { response?: { status: string } }) => one.response?.status)].join(' ');
