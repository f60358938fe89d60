// CodeSystem/$subsumes: is one code a kind of the other? https://hl7.org/fhir/R4/codesystem-operation-subsumes.html
import type { Coding } from 'fhir/r4.js';
import type { CodeSystemSubsumesInput, CodeSystemSubsumesOutput } from '../../../generated/operation-io.ts';
import type { CodeSystemSource } from '../../model/concept.ts';
import { FhirError } from '../../model/errors.ts';
import { defineOperation } from '../operation.ts';
import { systemGiven, unknownCode } from './the-system.ts';

export default defineOperation<CodeSystemSubsumesInput, CodeSystemSubsumesOutput>({
  definition: 'CodeSystem-subsumes',
  needs: ['CodeSystem.rs'],
  async run({ codeA, codeB, codingA, codingB, system, version }, context) {
    const a = one(codeA, codingA, 'A');
    const b = one(codeB, codingB, 'B');
    const systems = new Set([system, a.system, b.system].filter((url) => url !== undefined));
    if (systems.size > 1)
      throw new FhirError('invalid', `The codes are of different systems: ${[...systems].join(', ')}`);
    const [url] = systems;
    const wanted = version ?? a.version ?? b.version;
    const source = await systemGiven(
      { ...(url !== undefined && { system: url }), ...(wanted !== undefined && { version: wanted }) },
      context,
    );
    return { outcome: await relation(source, a, b) };
  },
});

interface Side extends Pick<Coding, 'system' | 'version'> {
  code: string;
  expression: string;
}

function one(code: string | undefined, coding: Coding | undefined, name: 'A' | 'B'): Side {
  if (code !== undefined && coding !== undefined)
    throw new FhirError('invalid', `Only one of code${name} and coding${name} can be meant`, {
      expression: `code${name}`,
    });
  if (code !== undefined) return { code, expression: `code${name}` };
  if (coding?.code !== undefined) return { ...coding, code: coding.code, expression: `coding${name}.code` };
  throw new FhirError('required', `code${name} or coding${name} is missing`, { expression: `code${name}` });
}

async function relation(source: CodeSystemSource, a: Side, b: Side): Promise<CodeSystemSubsumesOutput['outcome']> {
  const [first, second] = await Promise.all([source.lookup(a.code), source.lookup(b.code)]);
  if (first === undefined) throw unknownCode(a.code, source, a.expression);
  if (second === undefined) throw unknownCode(b.code, source, b.expression);
  if (first.code === second.code) return 'equivalent';
  if (await source.subsumes(a.code, b.code)) return 'subsumes';
  if (await source.subsumes(b.code, a.code)) return 'subsumed-by';
  return 'not-subsumed';
}
