// Language tags by the grammar of BCP 47 (RFC 5646), with known languages where they have two letters.
// https://www.rfc-editor.org/rfc/rfc5646#section-2.1 and https://hl7.org/fhir/R4/valueset-all-languages.html
import type { CodeRule } from './rule-source.ts';

const TAG =
  /^(?<language>[a-z]{2,3}(?:-[a-z]{3}){0,3})(?:-(?<script>[a-z]{4}))?(?:-(?<region>[a-z]{2}|\d{3}))?(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*(?:-[a-wy-z\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?$/i;
const PRIVATE = /^x(?:-[a-z\d]{1,8})+$/i;
/** registered before the grammar was: RFC 5646, section 2.1, `grandfathered` */
const OLD = new Set(
  'en-gb-oed i-ami i-bnn i-default i-enochian i-hak i-klingon i-lux i-mingo i-navajo i-pwn i-tao i-tay i-tsu sgn-be-fr sgn-be-nl sgn-ch-de art-lojban cel-gaulish no-bok no-nyn zh-guoyu zh-hakka zh-min zh-min-nan zh-xiang'.split(
    ' ',
  ),
);

const names = {
  language: new Intl.DisplayNames('en', { type: 'language', fallback: 'none' }),
  region: new Intl.DisplayNames('en', { type: 'region', fallback: 'none' }),
};

export const languageTags: CodeRule = {
  url: 'urn:ietf:bcp:47',
  title: 'Tags for identifying languages (BCP 47)',
  isCaseSensitive: false,
  read(code) {
    if (OLD.has(code.toLowerCase()) || PRIVATE.test(code)) return { display: code };
    const { language, region } = TAG.exec(code)?.groups ?? {};
    if (language === undefined) return undefined;
    // three letters: ISO 639-3 has 7,900 of them and grows; two letters: all have names
    const [primary = ''] = language.toLowerCase().split('-');
    const name = nameOf('language', primary);
    if (primary.length === 2 && name === undefined) return undefined;
    if (region !== undefined && region.length === 2 && nameOf('region', region) === undefined) return undefined;
    return { display: nameOf('language', code) ?? name ?? code };
  },
};

function nameOf(kind: keyof typeof names, code: string): string | undefined {
  try {
    return names[kind].of(kind === 'region' ? code.toUpperCase() : code);
  } catch {
    return undefined;
  }
}
