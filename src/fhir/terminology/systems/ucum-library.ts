// The unit library, read at the first unit: its tables take some tens of milliseconds.
import { createRequire } from 'node:module';
import type { UcumUtils } from '@lhncbc/ucum-lhc';

const require = createRequire(import.meta.url);
let loaded: UcumUtils | undefined;

export function ucumLibrary(): UcumUtils {
  loaded ??= (require('@lhncbc/ucum-lhc') as typeof import('@lhncbc/ucum-lhc')).UcumLhcUtils.getInstance();
  return loaded;
}
