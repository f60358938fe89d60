// The answer to a batch or transaction, as bytes: resources in it are slices of stored bytes. https://hl7.org/fhir/R4/http.html#transaction-response
import type { errorKinds } from '../model/errors.ts';
import { stringifyJson } from '../model/json.ts';
import type { Answer } from './call.ts';
import { etagOf } from './headers.ts';

/** What happened to one entry. `resource` is sent; `outcome` goes into the response. */
export interface EntryAnswer extends Answer {
  outcome?: object;
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} satisfies Record<(typeof errorKinds)[keyof typeof errorKinds]['status'], string> & Record<number, string>;

export function writeResponseBundle(
  type: 'batch-response' | 'transaction-response',
  answers: readonly EntryAnswer[],
  base: string,
): Buffer {
  const head = `{"resourceType":"Bundle","type":"${type}"`;
  if (answers.length === 0) return Buffer.from(`${head}}`);
  const slices: Buffer[] = [];
  let text = `${head},"entry":[`;
  for (const [index, answer] of answers.entries()) {
    if (index > 0) text += ',';
    text += '{';
    const { body } = answer;
    if (body !== undefined) {
      if (answer.location !== undefined) text += `"fullUrl":${JSON.stringify(fullUrlOf(answer.location, base))},`;
      text += '"resource":';
      if (Buffer.isBuffer(body)) {
        slices.push(Buffer.from(text), body);
        text = '';
      } else text += stringifyJson(body);
      text += ',';
    }
    text += `"response":${JSON.stringify(responseOf(answer))}}`;
  }
  slices.push(Buffer.from(`${text}]}`));
  return Buffer.concat(slices);
}

const fullUrlOf = (location: string, base: string): string => `${base}/${location.replace(/\/_history\/[^/]+$/, '')}`;

function responseOf({ status, location, version, lastUpdated, outcome }: EntryAnswer): object {
  const reason = REASONS[status];
  return {
    status: reason === undefined ? String(status) : `${status} ${reason}`,
    location,
    etag: version === undefined ? undefined : etagOf(version),
    lastModified: lastUpdated === undefined ? undefined : new Date(lastUpdated).toISOString(),
    outcome,
  };
}
