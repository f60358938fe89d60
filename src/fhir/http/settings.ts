// What the HTTP room needs to know from the configuration, and from the logger.
export interface HttpSettings {
  /** where the FHIR service lives: `/fhir` */
  path: string;
  /** the FHIR base as clients see it, without a slash at the end; undefined: made from the request's Host header */
  base: string | undefined;
  /** origins of web pages that may call, besides those of this machine; '*' for all */
  corsOrigins: '*' | readonly string[];
  /** where nobody signs in (AUTH=off): the Host headers that are answered, so that no foreign web page reaches the data */
  trustedHosts: 'loopback' | 'addresses' | 'any';
  /** bytes of large bodies that may be in work at once; a larger single body has a turn of its own */
  maxLargeBytesAtOnce: number;
}

export const defaultHttpSettings: HttpSettings = {
  path: '/fhir',
  base: undefined,
  corsOrigins: [],
  trustedHosts: 'any',
  maxLargeBytesAtOnce: 96 * 1024 * 1024,
};

/** The little that this room asks of a logger. Lines carry no query values and no bodies: they could name a patient. */
export interface HttpLogger {
  error(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  debug(message: string, fields?: Record<string, unknown>): void;
}
