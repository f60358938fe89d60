// Extensions: each is checked against the definition that its url names, and must stand where that allows it.
// https://hl7.org/fhir/R4/extensibility.html and https://hl7.org/fhir/R4/defining-extensions.html#context
import { isNode, type Node, shown } from '../node.ts';
import type { BaseElement, BaseType, Constraint, ProfilePlan } from './plan.ts';
import { checkConstraints, checkPlan } from './profile.ts';
import type { Run } from './run.ts';

/** Where the specification itself uses an extension beyond the context it gives it; later editions have widened that. */
const ALSO_ON: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [
    'http://hl7.org/fhir/StructureDefinition/structuredefinition-normative-version',
    new Set(['CodeSystem', 'ValueSet', 'OperationDefinition', 'SearchParameter', 'CapabilityStatement']),
  ],
]);

interface Position {
  element: BaseElement;
  parent: Node;
  parentType: BaseType;
}

export function checkExtension(extension: Node, position: Position, run: Run): void {
  const { url } = extension;
  if (typeof url !== 'string') return;
  const { findings } = run;
  const isNested = position.parentType.name === 'Extension';
  // a part of a complex extension is named by the definition of the whole
  if (!url.includes(':')) {
    if (!isNested) findings.report('extension', `${shown(url)} is no absolute URL, as an extension needs it`, 'url');
    else checkPart(url, position.parent, run);
    return;
  }
  const plan = run.known.profile(url);
  if (plan === undefined) return;
  const { isModifierExtension } = position.element;
  if (plan === null) {
    const severity = isModifierExtension ? 'error' : 'warning';
    const consequence = isModifierExtension ? ', and a modifier that is not understood makes the rest uncertain' : '';
    findings.tell(severity, 'extension', `The extension ${url} is not known here${consequence}`, 'url');
    return;
  }
  if (plan.type !== 'Extension') {
    findings.report('extension', `${url} defines no extension, but a profile of ${plan.type}`, 'url');
    return;
  }
  if (plan.isModifier !== isModifierExtension) {
    const wanted = plan.isModifier ? 'modifierExtension' : 'extension';
    findings.report('extension', `${url} must be in ${wanted}, as its definition says`, 'url');
  }
  checkContext(plan, position, run);
  checkPlan(plan, extension, run);
  checkContextInvariants(plan, extension, position, run);
}

/** Of a complex extension whose slices are open all the same: a relative url says nothing that the definition does not. */
function checkPart(url: string, { url: whole }: Node, run: Run): void {
  if (typeof whole !== 'string' || !whole.includes(':')) return;
  const slicing = run.known.profile(whole)?.root.children.find(({ name }) => name === 'extension')?.slicing;
  if (slicing === undefined || slicing.rules === 'closed' || slicing.slices.length === 0) return;
  const urls = slicing.slices.map(({ element }) => element.children.find(({ name }) => name === 'url')?.fixed);
  if (urls.includes(undefined) || urls.includes(url)) return;
  run.findings.report('extension', `${whole} defines no ${shown(url)}, but ${urls.map(shown).join(', ')}`, 'url');
}

/** Asked of the element that holds the extension: https://hl7.org/fhir/R4/structuredefinition-definitions.html#StructureDefinition.contextInvariant */
function checkContextInvariants(plan: ProfilePlan, extension: Node, { parent, parentType }: Position, run: Run): void {
  if (plan.contextInvariants.length === 0) return;
  run.extension = extension;
  for (const expression of plan.contextInvariants) {
    const test = run.known.compile(parentType.name, expression);
    const invariant: Constraint = {
      key: 'contextInvariant',
      severity: 'error',
      human: expression,
      source: plan.url,
      test,
    };
    checkConstraints([invariant], parent, plan.url, run);
  }
  delete run.extension;
}

function checkContext(plan: ProfilePlan, position: Position, run: Run): void {
  if (plan.context.length === 0 || plan.context.some((context) => isContext(context, position, run))) return;
  if (ALSO_ON.get(plan.url)?.has(position.parentType.name)) return;
  const allowed = plan.context.map(({ expression }) => expression).join(', ');
  run.findings.report('extension', `${plan.url} may not be used here, only on ${allowed}`, 'url');
}

function isContext({ type, expression }: ProfilePlan['context'][number], position: Position, run: Run): boolean {
  const { parent, parentType } = position;
  if (type === 'extension') return parent.url === expression;
  if (type === 'fhirpath') return isSelected(expression, parent, run);
  const wanted = expression.replace(/^http:\/\/hl7\.org\/fhir\/StructureDefinition\//, '').replaceAll('[x]', '');
  if (wanted === 'Element' || wanted === '*') return true;
  if (parentType.ancestors.includes(wanted)) return true;
  const { resource, findings, resourceLevel } = run;
  // the last step of the place is the extension itself
  const path = findings.path(resourceLevel).replace(/\.?(?:modifierE|e)xtension$/, '');
  const whole = path === '' ? String(resource.resourceType) : `${resource.resourceType}.${path}`;
  if (whole === wanted) return true;
  return ownPath(position) === wanted || parentType.name === wanted || isPartOf(wanted, whole, run);
}

/** where the definition of the parent's type has the extension: `Address`, `Patient.contact` */
const ownPath = ({ element }: Position): string =>
  element.path.replace(/\.(?:modifierE|e)xtension$/, '').replaceAll('[x]', '');

/** `Address.line` is right below any Address, wherever that is; a primitive's type is known by its place only. */
function isPartOf(wanted: string, whole: string, run: Run): boolean {
  const steps = whole.split('.');
  const [head = '', ...rest] = wanted.split('.');
  if (steps.length <= rest.length || (rest.length > 0 && steps.slice(-rest.length).join('.') !== rest.join('.')))
    return false;
  return typesAt(steps.slice(0, steps.length - rest.length), run).includes(head);
}

/** What may be at a path without indices; several for a choice. */
function typesAt(steps: readonly string[], { definitions }: Run): readonly string[] {
  let types: readonly string[] = steps.slice(0, 1);
  for (const step of steps.slice(1)) {
    types = types.flatMap((type) =>
      [...(definitions.type(type)?.elements.values() ?? [])]
        .filter(({ name, choice }) => (choice ?? name) === step)
        .map(({ type: each }) => each),
    );
  }
  return types;
}

function isSelected(expression: string, parent: Node, run: Run): boolean {
  const selected = run.known.select(expression, run.resource);
  return selected.some((item) => item === parent || item === true) || !selected.some(isNode);
}
