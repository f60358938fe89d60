// A Bundle's bytes from slices of stored bytes: no resource is parsed. https://hl7.org/fhir/R4/bundle.html

export interface BundleParts {
  type: 'history' | 'searchset';
  lastUpdated: number;
  total?: number;
  links: readonly { relation: string; url: string }[];
  entries: readonly BundleEntryParts[];
}

export interface BundleEntryParts {
  /** absent for an OperationOutcome that is nowhere stored */
  fullUrl?: string;
  /** exact stored bytes; null where the version is a deletion */
  resource: Buffer | null;
  /** what follows the resource: `search`, or `request` and `response` */
  rest: Readonly<Record<string, unknown>>;
}

const comma = Buffer.from(',');
const end = Buffer.from('}');

export function writeBundle({ type, lastUpdated, total, links, entries }: BundleParts): Buffer {
  const head = {
    resourceType: 'Bundle',
    meta: { lastUpdated: new Date(lastUpdated).toISOString() },
    type,
    ...(total === undefined ? {} : { total }),
    link: links,
  };
  if (entries.length === 0) return Buffer.from(JSON.stringify(head));
  const slices: Buffer[] = [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"entry":[`)];
  entries.forEach(({ fullUrl, resource, rest }, index) => {
    if (index > 0) slices.push(comma);
    const before = fullUrl === undefined ? '{' : `{"fullUrl":${JSON.stringify(fullUrl)},`;
    const after = JSON.stringify(rest).slice(1, -1);
    if (resource === null) slices.push(Buffer.from(`${before}${after}`), end);
    else slices.push(Buffer.from(`${before}"resource":`), resource, Buffer.from(`,${after}`), end);
  });
  slices.push(Buffer.from(']}'));
  return Buffer.concat(slices);
}
