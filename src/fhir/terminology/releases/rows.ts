// Rows of the tables that releases are made of: tab-separated (RF2), separated by bars (RRF), comma-separated (LOINC).
import { parse } from 'csv-parse';
import { FhirError } from '../../model/errors.ts';
import type { ReleaseFile } from './files.ts';

/** Lines without their ends; neither format quotes. */
export async function* linesOf(file: ReleaseFile): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of await file.read()) {
    const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

/** RF2: the first line names the columns. https://confluence.ihtsdotools.org/display/DOCRELFMT */
export async function* tabRows<Column extends string>(
  file: ReleaseFile,
  columns: readonly Column[],
): AsyncGenerator<Record<Column, string>> {
  let places: [Column, number][] | undefined;
  for await (const line of linesOf(file)) {
    const fields = line.split('\t');
    if (places === undefined) {
      places = columns.map((column) => [column, placeOf(column, fields, file)]);
      continue;
    }
    if (line === '') continue;
    const row = {} as Record<Column, string>;
    for (const [column, place] of places) row[column] = fields[place] ?? '';
    yield row;
  }
}

/** RRF: no heading, columns by their place. https://www.nlm.nih.gov/research/umls/rxnorm/docs/techdoc.html */
export async function* barRows(file: ReleaseFile): AsyncGenerator<readonly string[]> {
  for await (const line of linesOf(file)) if (line !== '') yield line.split('|');
}

/** LOINC: with a heading and quotes. Columns that are not there are empty. */
export async function* commaRows<Column extends string>(
  file: ReleaseFile,
  needed: readonly Column[],
): AsyncGenerator<Readonly<Record<Column, string>> & Readonly<Record<string, string | undefined>>> {
  const parser = (await file.read()).pipe(parse({ columns: true, bom: true, relax_column_count: true }));
  let isFirst = true;
  for await (const row of parser as AsyncIterable<Record<string, string>>) {
    if (isFirst) for (const column of needed) placeOf(column, Object.keys(row), file);
    isFirst = false;
    yield row as never;
  }
}

function placeOf(column: string, heading: readonly string[], { path }: ReleaseFile): number {
  const place = heading.indexOf(column);
  if (place === -1) throw new FhirError('invalid', `${path} has no column '${column}'`);
  return place;
}
