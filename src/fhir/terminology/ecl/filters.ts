// `{{ … }}` behind a set: criteria of concepts (C), of descriptions (D, or no letter), of members of reference sets (M), and history.
// https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language/behaviour-specification-with-examples
import {
  type Compared,
  type ConceptCriterion,
  DEFINITION_STATUSES,
  DESCRIPTION_TYPES,
  type DescriptionCriterion,
  type Ecl,
  type Order,
} from '../../model/ecl.ts';
import type { Parser } from './parse.ts';
import type { Reader } from './reader.ts';
import { readTexts } from './texts.ts';

const KIND = /[CDM]\b|\+/iy;
const DATE = /"(?:[1-9][0-9]{3}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))?"/y;
const LANGUAGE = /[A-Za-z]{2}\b/y;
const TRUE = /(?:1|true)\b/iy;
const FALSE = /(?:0|false)\b/iy;
const PROFILE = /[-_](?:min|mod|max)\b/iy;

/** `{{ M … }}`, directly behind `^` and its reference set */
export function readMemberFilters(members: Ecl, reader: Reader, parser: Parser): Ecl {
  let found = members;
  while (peekKind(reader) === 'm') {
    const start = reader.at;
    if (found.is !== 'members' || found.field !== undefined || found.target !== undefined)
      throw reader.unsupported('Only the target of associations is filtered, and only once', start);
    const of = found;
    readBraces(reader, (keyword, at) => {
      if (keyword !== 'targetcomponentid')
        throw reader.unsupported('Of members of reference sets only targetComponentId is filtered', at);
      const { isNot } = equality(reader, parser);
      found = { ...of, target: { isNot, value: parser.operand() } };
    });
  }
  return found;
}

export function readFilters(of: Ecl, reader: Reader, parser: Parser): Ecl {
  let found = of;
  for (;;) {
    switch (peekKind(reader)) {
      case undefined:
        return found;
      case '+':
        return readHistory(found, reader, parser);
      case 'c': {
        const by: ConceptCriterion[] = [];
        readBraces(reader, (keyword, at) => by.push(conceptCriterion(keyword, at, reader, parser)));
        found = { is: 'filtered', of: found, by };
        break;
      }
      case 'd': {
        const by: DescriptionCriterion[] = [];
        readBraces(reader, (keyword, at) => by.push(descriptionCriterion(keyword, at, reader, parser)));
        found = { is: 'described', of: found, by };
        break;
      }
      case 'm':
        throw reader.wrong("a filter of members directly behind '^' and its reference set");
    }
  }
}

type Kind = 'c' | 'd' | 'm' | '+';

/** What kind of filter begins here, if any; stays before it. */
function peekKind(reader: Reader): Kind | undefined {
  const start = reader.at;
  reader.skipSpace();
  const kind = reader.sees('{{') ? open(reader) : undefined;
  reader.at = start;
  return kind;
}

/** A filter without a letter is one of descriptions. */
function open(reader: Reader): Kind {
  reader.skipSpace();
  reader.expect('{{');
  reader.skipSpace();
  return (reader.match(KIND)?.toLowerCase() as Kind | undefined) ?? 'd';
}

/** `criterion` is called behind each keyword, which it gets in lower case. */
function readBraces(reader: Reader, criterion: (keyword: string, at: number) => void): void {
  open(reader);
  do {
    reader.skipSpace();
    const at = reader.at;
    const keyword = reader.peekWord();
    if (keyword === '') throw reader.wrong('what is to be filtered');
    reader.takeWord(keyword);
    reader.skipSpace();
    criterion(keyword, at);
    reader.skipSpace();
  } while (reader.take(','));
  reader.expect('}}');
}

function conceptCriterion(keyword: string, at: number, reader: Reader, parser: Parser): ConceptCriterion {
  switch (keyword) {
    case 'definitionstatus':
      return { is: 'definitionStatus', ...oneOfTokens(STATUS_TOKENS, reader, parser) };
    case 'definitionstatusid':
      return { is: 'definitionStatus', ...oneOfConcepts(reader, parser) };
    case 'moduleid':
      return { is: 'module', ...oneOfConcepts(reader, parser) };
    case 'effectivetime': {
      const op = anyOrder(reader, parser);
      return { is: 'effectiveTime', op, values: severalOrOne(reader, () => date(reader)) };
    }
    case 'active':
      return { is: 'active', ...activity(reader, parser) };
    default:
      throw reader.wrong('definitionStatus, definitionStatusId, moduleId, effectiveTime or active', at);
  }
}

/** What else the language knows of descriptions. */
const NOT_KEPT: Readonly<Record<string, string>> = {
  dialect: 'Dialects of descriptions are',
  dialectid: 'Dialects of descriptions are',
  moduleid: 'Modules of descriptions are',
  effectivetime: 'Effective times of descriptions are',
  id: 'Ids of descriptions are',
};

function descriptionCriterion(keyword: string, at: number, reader: Reader, parser: Parser): DescriptionCriterion {
  switch (keyword) {
    case 'term': {
      const { isNot } = equality(reader, parser);
      return { is: 'term', isNot, value: readTexts(reader, 'match') };
    }
    case 'language': {
      const { isNot } = equality(reader, parser);
      return { is: 'language', isNot, value: severalOrOne(reader, () => language(reader)) };
    }
    case 'type':
      return { is: 'type', ...oneOfTokens(TYPE_TOKENS, reader, parser) };
    case 'typeid':
      return { is: 'type', ...oneOfConcepts(reader, parser) };
    case 'active': {
      const active = activity(reader, parser);
      if (active.value === active.isNot) throw reader.unsupported('Inactive descriptions are not kept here', at);
      return { is: 'active', ...active };
    }
    default:
      if (Object.hasOwn(NOT_KEPT, keyword))
        throw reader.unsupported(`${NOT_KEPT[keyword]} not kept here; criteria of concepts begin with C`, at);
      if (CONCEPT_KEYWORDS.has(keyword)) throw reader.wrong("'C' before a criterion of concepts", at);
      throw reader.wrong('term, language, type, typeId, dialect, dialectId, moduleId, effectiveTime, active or id', at);
  }
}

const CONCEPT_KEYWORDS: ReadonlySet<string> = new Set(['definitionstatus', 'definitionstatusid']);

const STATUS_TOKENS: Readonly<Record<string, string>> = DEFINITION_STATUSES;
const TYPE_TOKENS: Readonly<Record<string, string>> = {
  ...DESCRIPTION_TYPES,
  synonym: DESCRIPTION_TYPES.syn,
  fullyspecifiedname: DESCRIPTION_TYPES.fsn,
  definition: DESCRIPTION_TYPES.def,
};

function oneOfTokens(tokens: Readonly<Record<string, string>>, reader: Reader, parser: Parser): Compared<Ecl> {
  const { isNot } = equality(reader, parser);
  const ids = severalOrOne(reader, () => {
    const word = reader.peekWord();
    if (!Object.hasOwn(tokens, word)) throw reader.wrong(Object.keys(tokens).join(', '));
    reader.takeWord(word);
    return tokens[word]!;
  });
  return { isNot, value: anyOf(ids.map((id) => ({ is: 'concept', id }))) };
}

/** A set, or several concepts with nothing but space between them: `(900000000000013009 |Synonym| 900000000000003001)` */
function oneOfConcepts(reader: Reader, parser: Parser): Compared<Ecl> {
  const { isNot } = equality(reader, parser);
  const start = reader.at;
  if (reader.take('(')) {
    reader.skipSpace();
    const listed: Ecl[] = [];
    while (reader.match(/(?=[1-9])/y) !== undefined) {
      listed.push(parser.concept());
      reader.skipSpace();
    }
    if (listed.length > 1 && reader.take(')')) return { isNot, value: anyOf(listed) };
    reader.at = start;
  }
  return { isNot, value: parser.operand() };
}

const anyOf = (of: readonly Ecl[]): Ecl => (of.length === 1 ? of[0]! : { is: 'or', of });

function severalOrOne<T>(reader: Reader, read: () => T): T[] {
  if (!reader.take('(')) return [read()];
  const values: T[] = [];
  reader.skipSpace();
  do {
    values.push(read());
    reader.skipSpace();
  } while (!reader.take(')'));
  return values;
}

function date(reader: Reader): string {
  const found = reader.match(DATE);
  if (found === undefined) throw reader.wrong('a day such as "20250131"');
  return found.slice(1, -1);
}

function language(reader: Reader): string {
  const found = reader.match(LANGUAGE);
  if (found === undefined) throw reader.wrong('a language of two letters');
  return found.toLowerCase();
}

function activity(reader: Reader, parser: Parser): Compared<boolean> {
  const { isNot } = equality(reader, parser);
  if (reader.match(TRUE) !== undefined) return { isNot, value: true };
  if (reader.match(FALSE) !== undefined) return { isNot, value: false };
  throw reader.wrong('1, 0, true or false');
}

function anyOrder(reader: Reader, parser: Parser): Order {
  const op = parser.comparison();
  if (op === undefined) throw reader.wrong('a comparison');
  reader.skipSpace();
  return op;
}

function equality(reader: Reader, parser: Parser): { isNot: boolean } {
  const start = reader.at;
  const op = anyOrder(reader, parser);
  if (op !== '=' && op !== '!=') throw reader.wrong("'=' or '!='", start);
  return { isNot: op === '!=' };
}

const concepts = (...ids: readonly string[]): Ecl => anyOf(ids.map((id) => ({ is: 'concept', id })));
const SAME_AS = '900000000000527005';
/** https://docs.snomed.org … /history-supplements: which associations count */
const PROFILES: Readonly<Record<string, Ecl>> = {
  min: concepts(SAME_AS),
  mod: concepts(SAME_AS, '900000000000526001', '900000000000528000', '1186924009'),
  max: { is: '<', of: { is: 'concept', id: '900000000000522004' } },
};

/** `{{ + HISTORY }}`, `{{ + HISTORY-MIN }}`, `{{ + HISTORY ( … ) }}` */
function readHistory(of: Ecl, reader: Reader, parser: Parser): Ecl {
  open(reader);
  reader.skipSpace();
  if (!reader.takeWord('history')) throw reader.wrong('HISTORY');
  const profile = reader.match(PROFILE)?.slice(1).toLowerCase() ?? 'max';
  reader.skipSpace();
  const sets = reader.sees('(') ? parser.operand() : PROFILES[profile]!;
  reader.skipSpace();
  reader.expect('}}');
  return { is: 'history', of, sets: sets.is === 'any' ? PROFILES.max! : sets };
}
