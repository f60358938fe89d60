// txt-2: a narrative must say something. That it is well-formed and harmless has been checked as the format of its div.
// https://hl7.org/fhir/R4/narrative.html#xhtml
import type { Node } from '../node.ts';
import type { Run } from './run.ts';

export function checkNarrative({ div }: Node, { findings }: Run): void {
  if (typeof div !== 'string') return;
  const hasContent = /<img[\s/>]/i.test(div) || /\S/.test(div.replaceAll(/<[^>]*>|&nbsp;|&#160;|&#xa0;/gi, ''));
  if (!hasContent) findings.report('invariant', 'txt-2: the narrative must hold some text or an image', 'div');
}
