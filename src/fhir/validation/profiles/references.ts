// References within a resource and within a Bundle, and what they may lead to.
// https://hl7.org/fhir/R4/references.html and https://hl7.org/fhir/R4/bundle.html#references
import { isNode, type Node, shown } from '../node.ts';
import type { TargetRule } from './plan.ts';
import type { BundleIndex, Run } from './run.ts';

const LITERAL = /^(?:(.*)\/)?([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/([A-Za-z0-9\-.]{1,64}))?$/;

export interface Literal {
  /** of an absolute URL: what comes before the type */
  base: string | undefined;
  type: string;
  id: string;
}

export function readLiteral(reference: string): Literal | undefined {
  const match = LITERAL.exec(reference);
  if (match === null) return undefined;
  const [, base, type, id] = match;
  return { base, type: type!, id: id! };
}

export function indexBundle(bundle: Node): BundleIndex {
  const byUrl = new Map<string, Node>();
  const byName = new Map<string, Node>();
  const entries = new Map<Node, Node>();
  for (const entry of Array.isArray(bundle.entry) ? bundle.entry : []) {
    if (!isNode(entry) || !isNode(entry.resource)) continue;
    const { fullUrl, resource } = entry;
    entries.set(resource, entry);
    if (typeof fullUrl === 'string' && !byUrl.has(fullUrl)) byUrl.set(fullUrl, resource);
    const name = `${resource.resourceType}/${resource.id}`;
    if (resource.id !== undefined && !byName.has(name)) byName.set(name, resource);
  }
  return {
    entryOf: (resource) => entries.get(resource),
    find(reference, fullUrl) {
      const whole = byUrl.get(reference);
      if (whole !== undefined) return whole;
      const literal = readLiteral(reference);
      if (literal === undefined) return undefined;
      const { base, type, id } = literal;
      if (base !== undefined) return byUrl.get(`${base}/${type}/${id}`);
      // relative references are relative to where the entry itself is
      const own = fullUrl === undefined ? undefined : readLiteral(fullUrl)?.base;
      return (own === undefined ? undefined : byUrl.get(`${own}/${type}/${id}`)) ?? byName.get(`${type}/${id}`);
    },
  };
}

/** What a reference of the current resource leads to, if it is contained or in the same Bundle. */
export function resolveIn(run: Run, reference: string): Node | undefined {
  const { rootResource, bundle, fullUrl } = run;
  if (reference.startsWith('#')) {
    if (reference === '#') return rootResource;
    const contained = Array.isArray(rootResource.contained) ? rootResource.contained : [];
    return contained.find((each): each is Node => isNode(each) && each.id === reference.slice(1));
  }
  return bundle?.find(reference, fullUrl);
}

/** ref-1 and, in full, where the reference leads and to what type. */
export function checkReference(node: Node, run: Run): void {
  const { reference } = node;
  if (typeof reference !== 'string') return;
  const { findings, definitions } = run;
  if (reference.startsWith('#')) {
    if (run.resolve(reference) === undefined) {
      findings.report('invariant', `ref-1: nothing contained has the id ${shown(reference.slice(1))}`, 'reference');
    }
    return;
  }
  if (run.depth === 'invariants') return;
  const literal = readLiteral(reference);
  if (typeof node.type === 'string' && literal !== undefined && definitions.resourceTypes.includes(literal.type)) {
    const named = node.type.replace(/^http:\/\/hl7\.org\/fhir\/StructureDefinition\//, '');
    if (named !== literal.type) {
      findings.report('value', `The reference is to a ${literal.type}, its type says ${shown(node.type)}`, 'type');
    }
  }
  if (run.bundle?.find(reference, run.fullUrl) !== undefined) return;
  if (run.bundle !== undefined && /^urn:(?:uuid|oid):/.test(reference)) {
    findings.report('not-found', `No entry of the Bundle has the fullUrl ${shown(reference)}`, 'reference');
  }
  if (literal === undefined) return;
  if (literal.base === undefined && !definitions.resourceTypes.includes(literal.type)) {
    findings.report('value', `${shown(literal.type)} in the reference is no resource type`, 'reference');
    return;
  }
  if (run.known.isStored(literal) === false) {
    findings.report('not-found', `${literal.type}/${literal.id} does not exist here`, 'reference');
  }
}

/** `by`: the profile that says so; none for the base type */
export function checkTarget(rule: TargetRule, node: Node, by: string | undefined, run: Run): void {
  const { reference } = node;
  const target = typeof reference === 'string' ? run.resolve(reference) : undefined;
  const type = targetType(node, target, run);
  const { findings } = run;
  const suffix = by === undefined ? '' : ` (${by})`;
  if (rule.types !== undefined && type !== undefined && !rule.types.has(type)) {
    const allowed = [...rule.types].join(', ');
    findings.report('value', `A reference to a ${type} is not allowed here; allowed: ${allowed}${suffix}`, 'reference');
    return;
  }
  if (rule.aggregation.length > 0 && typeof reference === 'string') {
    const kind = reference.startsWith('#') ? 'contained' : target === undefined ? 'referenced' : 'bundled';
    const isAllowed =
      rule.aggregation.includes(kind) || (kind === 'bundled' && rule.aggregation.includes('referenced'));
    if (!isAllowed && (kind !== 'referenced' || run.bundle !== undefined)) {
      findings.report(
        'value',
        `The target must be ${rule.aggregation.join(' or ')}, not ${kind}${suffix}`,
        'reference',
      );
    }
  }
  if (target === undefined || rule.profiles.length === 0) return;
  const results = rule.profiles.map((canonical) => run.conforms(target, canonical));
  if (results.some((result) => result !== false)) return;
  const profiles = rule.profiles.join(' nor to ');
  findings.report('structure', `The ${type} it leads to does not conform to ${profiles}${suffix}`, 'reference');
}

/** undefined: nothing tells it */
function targetType({ reference, type }: Node, target: Node | undefined, { definitions }: Run): string | undefined {
  if (typeof target?.resourceType === 'string') return target.resourceType;
  const text = typeof reference === 'string' ? reference : '';
  const written = readLiteral(text)?.type ?? /^([A-Z][A-Za-z]+)\?/.exec(text)?.[1];
  const named = written ?? (typeof type === 'string' ? type.replace(/^.*\//, '') : '');
  return definitions.resourceTypes.includes(named) ? named : undefined;
}
