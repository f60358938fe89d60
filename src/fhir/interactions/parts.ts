// What the interactions are built from. main.ts has these parts; dispatch.ts hands them on.
import type { Access } from '../auth/access/access.ts';
import type { Resource } from '../model/resource.ts';
import type { Engine } from './call.ts';
import type { Validate } from './resource-body.ts';

export interface InteractionParts {
  engine: Engine;
  validate: Validate;
  /** the CapabilityStatement for a base */
  statement: (base: string) => Resource;
  /** absent where nobody signs in (AUTH=off) */
  access?: Pick<Access, 'decide'>;
}
