// Time zones by their IANA names, as far as this platform knows them. https://hl7.org/fhir/R4/valueset-timezones.html
import type { CodeRule } from './rule-source.ts';

export const timeZones: CodeRule = {
  url: 'https://www.iana.org/time-zones',
  title: 'Time zones (IANA)',
  isCaseSensitive: true,
  read(code) {
    // offsets such as +01:00 are accepted by the platform and are no names
    if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(code)) return undefined;
    try {
      new Intl.DateTimeFormat('en', { timeZone: code });
      return { display: code };
    } catch {
      return undefined;
    }
  },
};
