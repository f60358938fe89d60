// Reads everything that contributes by its file name: operations and write rules.
import { discover } from '../../platform/discover/discover.ts';
import type { WriteRule } from '../storage/rules.ts';
import type { OperationModule } from './operation.ts';
import { createOperationRegistry, type OperationRegistry, type RegistryDeps } from './registry.ts';

type Folders = readonly (string | URL)[];

/** `*.operation.ts|js` below the folders, paired with the OperationDefinitions. */
export async function loadOperations(
  folders: Folders,
  deps: Omit<RegistryDeps, 'modules'>,
): Promise<OperationRegistry> {
  const found = await Promise.all(folders.map((folder) => discover<OperationModule>(folder, 'operation')));
  return createOperationRegistry({ ...deps, modules: found.flat() });
}

/** `*.rule.ts|js` below the folders, in the order of their paths. */
export async function loadRules(folders: Folders): Promise<WriteRule[]> {
  const found = (await Promise.all(folders.map((folder) => discover<WriteRule>(folder, 'rule')))).flat();
  const names = new Map<string, string>();
  for (const { path, module } of found) {
    if (typeof module.name !== 'string' || !Array.isArray(module.types) || typeof module.apply !== 'function') {
      throw new Error(`${path}: its default export is not defineRule({ name, types, apply })`);
    }
    const other = names.get(module.name);
    if (other !== undefined) throw new Error(`${path}: ${other} already defines the rule '${module.name}'`);
    names.set(module.name, path);
  }
  return found.map(({ module }) => module);
}
