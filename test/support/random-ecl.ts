// Random expressions of the Expression Constraint Language over the small release: of every kind that the language has, and mostly such that
// something meets them.
import fc from 'fast-check';
import { concepts } from './ecl-release.ts';

type Text = fc.Arbitrary<string>;

const ids = concepts.map(({ id }) => id);
const beginning = (start: string): string[] => ids.filter((id) => id.startsWith(start));
const one = (...from: readonly string[]): Text => fc.constantFrom(...from);
const text = (...parts: (string | Text)[]): Text =>
  fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part))).map((all) => all.join(''));
const joined = (of: Text, by: Text, minLength = 2): Text =>
  fc.tuple(fc.array(of, { minLength, maxLength: 3 }), by).map(([all, separator]) => all.join(separator));
const often = (arbitrary: Text, weight = 4): { arbitrary: Text; weight: number } => ({ arbitrary, weight });
const seldom = (arbitrary: Text): { arbitrary: Text; weight: number } => ({ arbitrary, weight: 1 });

const hierarchy = fc.oneof(often(one('<', '<<')), often(one('<!', '<<!', '>', '>>', '>!', '>>!', '!!>', '!!<'), 3));
const equality = one(' = ', ' = ', ' = ', ' != ');
const order = one(' = ', ' != ', ' < ', ' <= ', ' > ', ' >= ');
const count = fc.oneof(
  often(one('')),
  often(one('[0..0] ', '[0..1] ', '[1..1] ', '[1..*] ', '[2..*] ', '[2..3] ', '[0..*] '), 2),
);
const findings = one(...beginning('4001'));
const sets = one('700110', '700120', '700130', '900000000000527005', '900000000000526001');

const simple = fc.oneof(
  often(text(hierarchy, ' ', findings)),
  often(one('*', '<< 400100', '< 400110', '< 138875005', '< 500100', '<< 200100')),
  often(text(hierarchy, ' ', one(...ids)), 2),
  often(text('^ ', sets), 2),
  seldom(one(...ids)),
  seldom(one('<< *', '< *', '<! *', '> *', '>! *', '!!> *', '!!< *', '^ *', '^R *')),
  seldom(text('^R ', findings)),
  seldom(text('^ ', sets, ' {{ M targetComponentId', equality, '<< ', findings, ' }}')),
  seldom(text('^ [targetComponentId] ', one('900000000000527005', '900000000000526001', '*'))),
);

const terms = ['"arm"', '"brok rad"', '"att hea"', '"oedema"', '"dolor"', '"thick than"', '("heart" "ulna")'];
const wilds = ['wild:"*disease*"', 'wild:"arm"', 'wild:"*a*t*"', '(match:"pain" wild:"broken*")', 'wild:"*"'];
const types = one('900000000000003001', '(900000000000003001 900000000000550004)');
const ofDescription = fc.oneof(
  often(text('term', equality, one(...terms, ...wilds))),
  seldom(text('language', equality, one('en', 'es', '(en es)'))),
  seldom(text('type', equality, one('syn', 'fsn', 'def', '(syn def)'))),
  seldom(text('typeId', equality, types)),
  seldom(one('active = true')),
);
const ofConcept = fc.oneof(
  text('active', equality, one('1', 'false')),
  text('definitionStatus', equality, one('defined', 'primitive', '(primitive defined)')),
  text('moduleId', equality, one('900000000000207008', '11000999101')),
  text('effectiveTime', order, one('"20200131"', '"20230101"', '""')),
  text('effectiveTime', equality, one('("20200131" "20250101")')),
);
const filter = fc.oneof(
  text(' {{ ', one('D ', ''), joined(ofDescription, one(', '), 1), ' }}'),
  text(' {{ C ', joined(ofConcept, one(', '), 1), ' }}'),
  text(' {{ + HISTORY', one('', '-MIN', '_MOD', '-max', ' (*)', ' (<< 900000000000526001)'), ' }}'),
);

const { expression } = fc.letrec<Record<string, string>>((tie) => {
  const connected = (of: Text): Text => joined(of, one(' AND ', ' OR ', ', '));
  const bracketed = text('(', tie('expression'), ')');
  const comparing = (names: Text, values: Text): Text => text(count, names, equality, values);
  return {
    operand: fc.oneof(
      { maxDepth: 3 },
      often(simple, 6),
      often(bracketed, 2),
      seldom(text(hierarchy, ' ', bracketed)),
      seldom(text(one('^ ', '^R '), bracketed)),
      often(text(fc.oneof(simple, bracketed), filter), 2),
    ),
    attribute: fc.oneof(
      often(
        comparing(
          one('100101'),
          one('<< 200111', '< 200100', '200114', '<< 200130', '(<< 200110 MINUS << 200115)', '*'),
        ),
      ),
      often(
        comparing(one('100102'), one('<< 300120', '300120', '< 300100', '300110', '(<< 300100 MINUS 300121)', '*')),
      ),
      often(comparing(one('100106', '<< 100106'), one('<< 600110', '600120', '*')), 2),
      often(comparing(one('<< 100103', '>> 100104', '100105'), one('<< 400120', '(<< 400100 : 100102 = *)', '*')), 2),
      often(
        comparing(one('*', '(100101 OR 100102)', '(<< 410662002 MINUS 100101)'), one('<< 200110', '<< 300100', '*')),
        2,
      ),
      seldom(comparing(one('*', '100101', '<< 410662002'), tie('operand'))),
      seldom(text(count, one('100110', '*'), order, one('#250', '#0.5', '#500', '#+500.0'))),
      seldom(
        comparing(
          one('100111', '*'),
          one('"Alphabet"', '"alphabet"', 'match:"alp for"', 'wild:"alpha*"', '("Alphabet" wild:"*e\\"")'),
        ),
      ),
      seldom(comparing(one('100112'), one('true', 'FALSE'))),
    ),
    attributes: fc.oneof(
      { maxDepth: 2 },
      often(tie('attribute'), 2),
      seldom(connected(fc.oneof(tie('attribute'), text('(', tie('attributes'), ')')))),
    ),
    part: fc.oneof(
      often(tie('attribute'), 3),
      often(text(count, '{ ', tie('attributes'), ' }'), 3),
      seldom(text(count, 'R ', one('100101', '100102', '<< 100103', '*'), equality, fc.oneof(simple, one('*')))),
    ),
    refinement: fc.oneof(
      { maxDepth: 2 },
      often(tie('part')),
      often(connected(fc.oneof(tie('part'), text('(', tie('refinement'), ')'))), 2),
    ),
    expression: fc.oneof(
      { maxDepth: 3 },
      often(tie('operand'), 3),
      often(connected(tie('operand')), 2),
      often(text(tie('operand'), ' MINUS ', tie('operand')), 2),
      often(text(fc.oneof(one('*', '<< 400100', '< 400110', '< 500100'), tie('operand')), ' : ', tie('refinement')), 6),
      seldom(text(tie('operand'), ' . ', one('100101', '100102', '<< 100103', '*'))),
      seldom(text(tie('operand'), ' . ', one('<< 100103', '*'), ' . ', one('100101', '*'))),
    ),
  };
});

export const expressions: Text = expression!;
