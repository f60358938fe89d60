// Follows a GraphDefinition from a resource: level by level, one command for each type in a level, and one for each search that a target's
// `params` ask for. https://hl7.org/fhir/R4/graphdefinition.html
import type { GraphDefinition, GraphDefinitionLink, GraphDefinitionLinkTarget } from 'fhir/r4.js';
import type { Definitions } from '../../definitions/definitions.ts';
import type { Call, Engine } from '../../interactions/call.ts';
import { readQuery } from '../../interactions/grammar.ts';
import { planned } from '../../interactions/look-ups.ts';
import { FhirError, type Issue } from '../../model/errors.ts';
import { localName, type Name, nameOf } from '../../model/references.ts';
import type { Resource } from '../../model/resource.ts';
import { parametersOf, patientsNamed, planCriteria } from '../../search/index.ts';
import { everyMatch } from '../../storage/every-match.ts';
import type { Match, Store } from '../../storage/store.ts';
import { evaluate } from './evaluate.ts';
import { contentOf, findByName, need } from './stored.ts';

export interface Graph {
  /** the start first */
  matches: Match[];
  /** what the graph demands and is not there */
  warnings: Issue[];
}

interface Deps {
  engine: Engine;
  call: Call;
  store: Store;
}

const MOST_RESOURCES = 5000;
const MOST_LEVELS = 20;
const FOUND_AT_ONCE = 1000;

/** By canonical url, by id or as `GraphDefinition/[id]`. */
export async function findGraph({ engine, call, store }: Deps, text: string, type: string): Promise<GraphDefinition> {
  const id = localName(text, call.base)?.type === 'GraphDefinition' ? localName(text, call.base)!.id : text;
  const graph =
    text.includes(':') && id === text
      ? await byCanonical({ engine, call, store }, text)
      : contentOf(await needGraph(store, id));
  const definition = graph as never as GraphDefinition;
  if (definition.start !== type) {
    throw new FhirError('value', `The graph ${text} starts at ${definition.start}, not at ${type}`, {
      expression: 'graph',
    });
  }
  return definition;
}

async function needGraph(store: Store, id: string): Promise<{ bytes: Buffer }> {
  try {
    return await need(store, 'GraphDefinition', id);
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    throw new FhirError('not-found', error.message, { expression: 'graph' });
  }
}

async function byCanonical({ engine, store }: Deps, text: string): Promise<Resource> {
  const known = await engine.canonicals.find('GraphDefinition', text);
  if (known !== undefined) return known;
  const { definitions, settings, now } = engine;
  const [url = '', version] = text.split('|', 2);
  const query = [['url', url], ...(version === undefined ? [] : [['version', version]])] as [string, string][];
  const { where } = planCriteria({ definitions, type: 'GraphDefinition', query, settings, now: now() });
  const [found] = (await store.find({ type: 'GraphDefinition', where, sort: [], limit: 1, total: 'none' })).matches;
  if (found === undefined)
    throw new FhirError('not-found', `There is no GraphDefinition ${text} here`, { expression: 'graph' });
  return contentOf(found);
}

interface Visit {
  match: Match;
  resource: Resource;
  links: readonly GraphDefinitionLink[];
}

/** One target of a link, asked of one resource. */
interface Want {
  from: Visit;
  link: GraphDefinitionLink;
  target: GraphDefinitionLinkTarget;
  names: readonly Name[];
}

export async function followGraph(deps: Deps, graph: GraphDefinition, start: Name): Promise<Graph> {
  const { engine, store } = deps;
  const [first] = await findByName(store, [start]);
  if (first === undefined) throw new FhirError('not-found', `${nameOf(start)} does not exist`);
  const matches = new Map([[nameOf(first), first]]);
  const warnings: Issue[] = [];
  const visited = new Set<string>();
  let level: Visit[] = [{ match: first, resource: contentOf(first), links: graph.link ?? [] }];
  for (let depth = 0; level.length > 0 && depth < MOST_LEVELS; depth++) {
    const wants = (await Promise.all(level.map((visit) => wantsOf(deps, visit)))).flat();
    const names = new Map(wants.flatMap((want) => want.names.map((name) => [nameOf(name), name] as const)));
    const found = new Map((await findByName(store, [...names.values()])).map((match) => [nameOf(match), match]));
    const next: Visit[] = [];
    const counts = new Map<GraphDefinitionLink, Map<Visit, number>>();
    for (const { from, link, target, names: wanted } of wants) {
      const ofLink = counts.get(link) ?? new Map<Visit, number>();
      counts.set(link, ofLink);
      for (const name of wanted) {
        const match = found.get(nameOf(name));
        if (match === undefined) continue;
        const resource = contentOf(match);
        const refusal = refusalOf(engine.definitions, { target, match, resource, start: first });
        if (refusal === 'condition') continue;
        if (refusal !== undefined) {
          warnings.push(warning(`${nameOf(match)} is left out: ${refusal}`));
          continue;
        }
        ofLink.set(from, (ofLink.get(from) ?? 0) + 1);
        matches.set(nameOf(match), match);
        if (matches.size > MOST_RESOURCES) {
          throw new FhirError('too-costly', `The graph leads to more than ${MOST_RESOURCES} resources`, {
            expression: 'graph',
          });
        }
        const links = target.link ?? [];
        const mark = `${nameOf(match)} ${JSON.stringify(links)}`;
        if (links.length > 0 && !visited.has(mark)) next.push({ match, resource, links });
        visited.add(mark);
      }
    }
    warnings.push(
      ...level.flatMap((visit) =>
        visit.links.flatMap((link) => countWarning(visit, link, counts.get(link)?.get(visit) ?? 0)),
      ),
    );
    level = next;
  }
  return { matches: [...matches.values()], warnings };
}

async function wantsOf(deps: Deps, from: Visit): Promise<Want[]> {
  const wants = from.links.map(async (link) => {
    const named = link.path === undefined ? [] : referencesAt(from.resource, link.path, deps.call.base);
    const ofTargets = (link.target ?? []).map(async (target): Promise<Want> => {
      const isMeant = ({ type }: Name): boolean => target.type === 'Resource' || target.type === type;
      const searched = link.path === undefined && target.params !== undefined ? await search(deps, from, target) : [];
      return { from, link, target, names: [...named, ...searched].filter(isMeant) };
    });
    return Promise.all(ofTargets);
  });
  return (await Promise.all(wants)).flat();
}

function referencesAt(resource: Resource, path: string, base: string): Name[] {
  let found: unknown[];
  try {
    found = evaluate(resource, path);
  } catch (error) {
    throw new FhirError('invalid', `The graph's path ${path} cannot be used: ${(error as Error).message}`, {
      expression: 'graph',
    });
  }
  const texts = found.map((one) =>
    typeof one === 'string' ? one : (one as { reference?: unknown } | null)?.reference,
  );
  const names = texts.map((text) => (typeof text === 'string' ? localName(text, base) : undefined));
  return [...new Map(names.flatMap((name) => (name === undefined ? [] : [[nameOf(name), name] as const]))).values()];
}

/** "At least one of the parameters must have the value {ref} which identifies the focus resource." */
async function search(deps: Deps, { match }: Visit, { type, params = '' }: GraphDefinitionLinkTarget): Promise<Name[]> {
  const { engine, store } = deps;
  const { definitions, settings } = engine;
  if (!params.includes('{ref}') || !definitions.resourceTypes.includes(type)) {
    throw new FhirError('value', `The graph's search ${type}?${params} must name a type and have {ref} in it`, {
      expression: 'graph',
    });
  }
  const query = readQuery(params.replaceAll('{ref}', nameOf(match)));
  const now = engine.now();
  const { where } = await planned(engine, { store }, (lookups) =>
    planCriteria({ definitions, type, query, settings, now, lookups }),
  );
  const names: Name[] = [];
  for await (const { id } of everyMatch(store, { type, where, atOnce: FOUND_AT_ONCE, leaveBytes: true })) {
    names.push({ type, id });
    if (names.length > MOST_RESOURCES) break;
  }
  return names;
}

interface Candidate {
  target: GraphDefinitionLinkTarget;
  match: Match;
  resource: Resource;
  start: Match;
}

/** `condition`: the target is not about this resource; otherwise why it must not be there. */
function refusalOf(definitions: Definitions, candidate: Candidate): string | undefined {
  const { target, resource } = candidate;
  const isOfProfile = target.profile === undefined || (resource.meta?.profile ?? []).includes(target.profile);
  if (!isOfProfile) return 'condition';
  for (const rule of target.compartment ?? []) {
    if (holds(definitions, rule, candidate)) continue;
    if (rule.use === 'condition') return 'condition';
    return `its ${rule.code} compartment must be ${rule.rule === 'custom' ? `as ${rule.expression}` : rule.rule}`;
  }
  return undefined;
}

type Rule = NonNullable<GraphDefinitionLinkTarget['compartment']>[number];

function holds(
  definitions: Definitions,
  { rule, code, expression = 'true' }: Rule,
  { match, resource, start }: Candidate,
): boolean {
  const [ofStart, own] = [start, match].map((one) => compartmentsOf(definitions, code, one));
  const isShared = own!.some((id) => ofStart!.includes(id));
  switch (rule) {
    // one server has one reference to a patient, so "matching" is the same
    case 'identical':
    case 'matching':
      return isShared;
    case 'different':
      return own!.length > 0 && !isShared;
    case 'custom':
      return evaluate(resource, expression)[0] === true;
    default:
      return true;
  }
}

/** Ids of the compartments of a kind that a resource is in. */
function compartmentsOf(definitions: Definitions, code: string, { type, id, keys = [] }: Match): string[] {
  if (code === 'Patient') return patientsNamed(definitions, type, keys);
  const members = definitions.compartments.get(code)?.members.get(type) ?? [];
  const { byCode } = parametersOf(definitions, type);
  const prefixes = members
    .flatMap((member) => byCode.get(member)?.sources ?? [])
    .map((source) => `${source.code}|${code}/`);
  const named = prefixes.flatMap((prefix) =>
    keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)),
  );
  return [...(type === code ? [id] : []), ...named];
}

function countWarning(
  { match }: Visit,
  { path, min = 0, max = '*', target = [] }: GraphDefinitionLink,
  count: number,
): Issue[] {
  const most = max === '*' ? Number.POSITIVE_INFINITY : Number(max);
  if (count >= min && count <= most) return [];
  const what = path ?? target.map(({ type, params }) => `${type}?${params ?? ''}`).join(', ');
  return [warning(`${nameOf(match)} leads to ${count} by ${what}, not to ${min}..${max}`)];
}

const warning = (diagnostics: string): Issue => ({ severity: 'warning', code: 'business-rule', diagnostics });
