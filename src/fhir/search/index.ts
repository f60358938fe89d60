// The door of the search room.
export { createKeyExtractor, type ExtractOptions } from './extract.ts';
export { type Include, referredBy, referringKeys } from './include.ts';
export { parametersOf, type TypeParameters } from './parameters.ts';
export { type PlanInput, planCriteria, planSearch, type SearchPlan } from './plan.ts';
