// What a resource looks like inside the engine: plain parsed JSON (see json.ts for decimals).

export interface Meta {
  versionId?: string;
  lastUpdated?: string;
  source?: string;
  profile?: string[];
  security?: { system?: string; code?: string; display?: string }[];
  tag?: { system?: string; code?: string; display?: string }[];
  [element: string]: unknown;
}

export interface Resource {
  resourceType: string;
  id?: string;
  meta?: Meta;
  [element: string]: unknown;
}

/** https://hl7.org/fhir/R4/datatypes.html#id */
export const ID = /^[A-Za-z0-9\-.]{1,64}$/;
