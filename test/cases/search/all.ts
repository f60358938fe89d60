import type { SearchCases } from './cases.ts';
import { compositeCases } from './composite.ts';
import { containedCases } from './contained.ts';
import { dateCases } from './date.ts';
import { filterCases } from './filter.ts';
import { joinCases } from './joins.ts';
import { numberCases } from './number.ts';
import { quantityCases } from './quantity.ts';
import { referenceCases } from './reference.ts';
import { specialCases } from './special.ts';
import { stringCases } from './string.ts';
import { textCases } from './text.ts';
import { tokenCases } from './token.ts';
import { uriCases } from './uri.ts';

export const searchCases: Readonly<Record<string, readonly SearchCases[]>> = {
  composite: compositeCases,
  contained: containedCases,
  date: dateCases,
  _filter: filterCases,
  joins: joinCases,
  number: numberCases,
  quantity: quantityCases,
  reference: referenceCases,
  special: specialCases,
  string: stringCases,
  text: textCases,
  token: tokenCases,
  uri: uriCases,
};
