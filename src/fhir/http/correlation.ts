// The id that ties a request to its log lines: the client's own where it is harmless to repeat, else a new one.
// https://hl7.org/fhir/R4/http.html#custom
import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const harmless = /^[A-Za-z0-9._:/+=-]{1,128}$/;

export function createCorrelation(): (headers: IncomingHttpHeaders) => string {
  const process = randomBytes(5).toString('base64url');
  let count = 0;
  return (headers) => {
    const given = headers['x-request-id'] ?? headers['x-correlation-id'];
    if (typeof given === 'string' && harmless.test(given)) return given;
    count += 1;
    return `${process}-${count.toString(36)}`;
  };
}
