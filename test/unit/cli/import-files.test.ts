import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { loadsOf } from '../../../src/cli/import/bundles.ts';
import { sourceFiles } from '../../../src/cli/import/files.ts';
import { reasonIn, verdictOf } from '../../../src/cli/import/outcome.ts';
import { fillDates } from '../../../src/cli/seed/fill-dates.ts';

describe('files of an import', () => {
  let folder: string;
  const file = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'wardgate-files-'));
    mkdirSync(join(folder, 'deep'));
    const patient = '{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"}}]}';
    file('Abe.json', patient);
    file('deep/Zoe.json.gz', gzipSync(patient));
    file('codes.json', '{"resourceType":"Bundle","type":"collection","entry":[]}');
    file('practitionerInformation1.json', '{}');
    file('hospitalInformation1.json', '{}');
    file('PractitionerRole.1.ndjson', '');
    file('Observation.ndjson', '');
    file('readme.md', '');
  });
  after(() => rmSync(folder, { recursive: true }));

  it('are ordered so that what others refer to conditionally comes first', () => {
    assert.deepEqual(
      sourceFiles([folder]).map(({ path }) => basename(path)),
      [
        'hospitalInformation1.json',
        'practitionerInformation1.json',
        'PractitionerRole.1.ndjson',
        'codes.json',
        'Observation.ndjson',
        'Abe.json',
        'Zoe.json.gz',
      ],
    );
  });

  it('are refused by name where they are of another kind', () => {
    assert.throws(() => sourceFiles([join(folder, 'readme.md')]), /readme\.md is neither \.json/);
  });

  const loads = async (name: string, content: string | Buffer): Promise<unknown[]> => {
    const [source] = sourceFiles([file(name, content)]);
    const found: unknown[] = [];
    for await (const load of loadsOf(source!)) {
      found.push('whole' in load ? load.whole.toString() : load.pieces.map(({ place, entry }) => [place, entry]));
    }
    return found;
  };

  it('are posted byte by byte where they are transactions or batches', async () => {
    const text = '{ "resourceType": "Bundle",\n "id": "x", "type" : "batch", "entry": [ ] }';
    assert.deepEqual(await loads('whole.json.gz', gzipSync(text)), [text]);
  });

  it('become puts under their own ids where they are resources or collections, with decimals as written', async () => {
    const put = (text: string, url: string): string => `{"resource":${text},"request":{"method":"PUT","url":"${url}"}}`;
    const one = '{"resourceType":"Observation","id":"a","valueQuantity":{"value":1.50}}';
    assert.deepEqual(await loads('one.json', one), [[['Observation', put(one, 'Observation/a')]]]);
    assert.deepEqual(
      await loads('many.json', `{"resourceType":"Bundle","type":"collection","entry":[{"resource":${one}}]}`),
      [[['entry[0]', put(one, 'Observation/a')]]],
    );
    assert.deepEqual(await loads('lines.ndjson', `${one}\r\n\n{"resourceType":"Basic"}`), [
      [
        ['line 1', put(one, 'Observation/a')],
        ['line 3', '{"resource":{"resourceType":"Basic"},"request":{"method":"POST","url":"Basic"}}'],
      ],
    ]);
  });

  it('are cut into groups of 500 resources', async () => {
    const lines = Array.from({ length: 1201 }, (_, id) => `{"resourceType":"Basic","id":"${id}"}`).join('\n');
    const groups = (await loads('long.ndjson', lines)) as unknown[][];
    assert.deepEqual(
      groups.map(({ length }) => length),
      [500, 500, 201],
    );
  });
});

describe('what the server says about a Bundle', () => {
  it('is counted by what happened', () => {
    const entry = ['201 Created', '200 OK', '200 OK', '412 Precondition Failed', '204'].map((status) => ({
      response: { status },
    }));
    const methods = ['POST', 'POST', 'PUT', 'POST', 'DELETE'];
    const { counts, reasons } = verdictOf({ status: 200, body: { entry } }, (index) => methods[index]);
    assert.deepEqual(counts, { created: 1, matched: 1, updated: 2, failed: 1 });
    assert.deepEqual(
      reasons.map(({ index }) => index),
      [3],
    );
  });

  it('is told by its first issues', () => {
    const issue = [1, 2, 3].map((number) => ({
      diagnostics: `wrong ${number}`,
      expression: [`Patient.name[${number}]`],
    }));
    assert.equal(reasonIn({ issue }), 'Patient.name[1]: wrong 1; Patient.name[2]: wrong 2 (and 1 more)');
    assert.equal(reasonIn('<html>\nproxy'), '<html>');
  });
});

describe('dates of the demo hospital', () => {
  it('are those of the day on which it is loaded, in its time zone', () => {
    const late = Date.parse('2026-12-31T20:00:00Z');
    assert.equal(
      fillDates('{{today}} {{today+1}} {{today-31}} {{year+1}}', late, 'UTC'),
      '2026-12-31 2027-01-01 2026-11-30 2027',
    );
    assert.equal(fillDates('{{today}} {{year}}', late, 'Asia/Kolkata'), '2027-01-01 2027');
  });
});
