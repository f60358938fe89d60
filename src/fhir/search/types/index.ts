// The nine search parameter types: a closed set of the specification, so the compiler proves that none is missing.
import type { SearchParameterType } from '../../definitions/definitions.ts';
import type { SearchType } from '../search-type.ts';
import composite from './composite.search-type.ts';
import date from './date.search-type.ts';
import number from './number.search-type.ts';
import quantity from './quantity.search-type.ts';
import reference from './reference.search-type.ts';
import special from './special.search-type.ts';
import string from './string.search-type.ts';
import token from './token.search-type.ts';
import uri from './uri.search-type.ts';

export const searchTypes: Readonly<Record<SearchParameterType, SearchType>> = {
  composite,
  date,
  number,
  quantity,
  reference,
  special,
  string,
  token,
  uri,
};
