// Large code systems in the database: docs/adr/0012-loaded-code-systems.md
export { keepUpWithSystems } from './keep-up.ts';
export { createConceptStore } from './registry.ts';
