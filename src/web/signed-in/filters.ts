// What somebody searches for names people, and addresses of pages land in logs and histories: so it stands in them sealed.
import type { Seal } from '../../platform/secrets/secrets.ts';

export type Filter = Readonly<Record<string, string>>;

export interface Filters {
  /** for the parameter `f` of an address; empty values are left out */
  close(filter: Readonly<Record<string, string | undefined>>): string;
  /** nothing where it cannot be read (any more) */
  open(text: unknown): Filter;
}

export const createFilters = (seal: Seal): Filters => ({
  close: (filter) =>
    seal.close(
      JSON.stringify(
        Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined && value !== '')),
      ),
    ),
  open(text) {
    if (typeof text !== 'string' || text === '') return {};
    try {
      return JSON.parse(seal.open(text)) as Filter;
    } catch {
      return {};
    }
  },
});
