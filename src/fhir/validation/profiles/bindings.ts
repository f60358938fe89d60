// Codes: bindings by strength, and whether a code is in its own code system under the display it is given.
// https://hl7.org/fhir/R4/terminologies.html#strength
import { isNode, type Node, shown } from '../node.ts';
import type { BindingRule } from './plan.ts';
import type { Asked, Run } from './run.ts';
import { withoutVersion } from './structure-definition.ts';

interface Coded {
  system?: string;
  version?: string;
  code: string;
  display?: string;
}

/** The codes of a coded value; none where there is only a text. */
function codesOf(type: string, value: unknown): Coded[] {
  if (typeof value === 'string') return [{ code: value }];
  if (!isNode(value)) return [];
  const nodes = type === 'CodeableConcept' ? value.coding : [value];
  return Array.isArray(nodes) ? nodes.flatMap((node) => (isNode(node) ? codeOf(node) : [])) : [];
}

function codeOf({ system, version, code, display }: Node): Coded[] {
  if (typeof code !== 'string') return [];
  return [
    {
      code,
      ...(typeof system === 'string' && { system }),
      ...(typeof version === 'string' && { version }),
      ...(typeof display === 'string' && { display }),
    },
  ];
}

/** undefined: nobody here can tell, or not yet */
export function isMember(type: string, value: unknown, valueSet: string, run: Run): boolean | undefined {
  const codes = codesOf(type, value);
  let result: boolean | undefined = false;
  for (const coded of codes) {
    const is = isCodeIn(coded, typeof value === 'string', valueSet, run);
    if (is === true) return true;
    if (is === undefined) result = undefined;
  }
  return result;
}

function isCodeIn({ code, system, version }: Coded, isPlain: boolean, valueSet: string, run: Run): boolean | undefined {
  // only of a plain code does the value set imply the system
  if (system === undefined && !isPlain) return false;
  const set = run.known.membership(valueSet);
  if (set === undefined) return undefined;
  if (set !== null) return set.has(system, code);
  const asked: Asked = { code, ...(system !== undefined && { system }), ...(version !== undefined && { version }) };
  const verdict = run.known.verdict(asked, valueSet);
  if (verdict === undefined || (!verdict.result && verdict.isUnknown)) return undefined;
  return verdict.result;
}

const SEVERITIES = { required: 'error', extensible: 'warning', preferred: 'information' } as const;

/** `by`: the profile that binds; none for the base type */
export function checkBinding(rule: BindingRule, type: string, value: unknown, by: string | undefined, run: Run): void {
  const { strength, valueSet, maxValueSet } = rule;
  const codes = codesOf(type, value);
  if (codes.length === 0) {
    if (type === 'CodeableConcept') checkUncoded(rule, value, by, run);
    return;
  }
  if (maxValueSet !== undefined && isMember(type, value, maxValueSet, run) === false) {
    run.findings.report(
      'code-invalid',
      `${told(codes)} not in the value set ${maxValueSet}, which is the largest allowed${of(by)}`,
    );
    return;
  }
  const is = isMember(type, value, valueSet, run);
  if (is === undefined) tellUndecided(codes, valueSet, strength, run);
  if (is !== false) return;
  const need = {
    required: 'it must be',
    extensible: 'it must be if one of its codes applies',
    preferred: 'better it were',
  };
  run.findings.tell(
    SEVERITIES[strength],
    'code-invalid',
    `${told(codes)} not in the value set ${valueSet}; ${need[strength]} (${strength}${of(by)})`,
  );
}

const of = (by: string | undefined): string => (by === undefined ? '' : ` by ${by}`);

function told(codes: readonly Coded[]): string {
  const texts = codes.map(({ system, code }) => shown(system === undefined ? code : `${system}|${code}`));
  return texts.length === 1 ? `The code ${texts[0]} is` : `None of the codes ${texts.join(', ')} is`;
}

/** A text alone: https://hl7.org/fhir/R4/terminologies.html#4.1.5.1 */
function checkUncoded({ strength, valueSet }: BindingRule, value: unknown, by: string | undefined, run: Run): void {
  if (!isNode(value) || strength === 'preferred' || hasExtensionInstead(value)) return;
  const verb = strength === 'required' ? 'is required' : 'should be given if one applies';
  run.findings.tell(
    SEVERITIES[strength],
    'code-invalid',
    `There is no code; one of the value set ${valueSet} ${verb}${of(by)}`,
  );
}

/** data-absent-reason and its like stand in for a value */
const hasExtensionInstead = ({ text, coding, extension }: Node): boolean =>
  text === undefined && coding === undefined && extension !== undefined;

function tellUndecided(codes: readonly Coded[], valueSet: string, strength: BindingRule['strength'], run: Run): void {
  if (strength === 'preferred' || run.known.membership(valueSet) === undefined) return;
  const undecided = codes.find(({ code, system }) => {
    const verdict = run.known.verdict({ code, ...(system !== undefined && { system }) }, valueSet);
    return verdict !== undefined && !verdict.result && verdict.isUnknown;
  });
  if (undecided === undefined) return;
  const subject = `value set ${withoutVersion(valueSet)} (${undecided.system ?? ''})`;
  if (run.unknownSystems.has(subject) || (undecided.system !== undefined && run.unknownSystems.has(undecided.system)))
    return;
  run.unknownSystems.add(subject);
  const where = undecided.system === undefined ? '' : ` of ${undecided.system}`;
  run.findings.tell(
    'warning',
    'not-supported',
    `Whether codes${where} are in the value set ${valueSet} cannot be told here: not all of what it is made of is loaded`,
  );
}

/** A Coding, or the unit of a Quantity: is the code in its code system, and is that its display? */
export function checkCode(node: Node, run: Run): void {
  const [coded] = codeOf(node);
  if (coded?.system === undefined) return;
  const { system, code, version, display } = coded;
  const asked: Asked = { system, code, ...(version !== undefined && { version }) };
  const verdict = run.known.verdict(asked);
  if (verdict === undefined) return;
  if (!verdict.result) {
    if (!verdict.isUnknown) run.findings.report('code-invalid', verdict.message, 'code');
    else if (!run.unknownSystems.has(system)) {
      run.unknownSystems.add(system);
      run.findings.tell(
        'warning',
        'not-supported',
        `The code system ${system} is not known here, so its codes are not checked`,
      );
    }
    return;
  }
  if (display === undefined || verdict.display === undefined || sameText(display, verdict.display)) return;
  const whole = run.known.verdict({ ...asked, display });
  if (whole === undefined || whole.result || whole.isUnknown) return;
  run.findings.tell(
    'warning',
    'value',
    `${shown(display)} is not a display of ${system}|${code}; that is ${shown(verdict.display)}`,
    'display',
  );
}

const sameText = (a: string, b: string): boolean => a === b || a.toLowerCase() === b.toLowerCase();
