// The door of the search room.

export { exactOf } from './confirmed.ts';
export { containedAnywhere, containedIn } from './contained-keys.ts';
export { createKeyExtractor, type ExtractOptions } from './extract.ts';
export { type Include, referredBy, referringKeys } from './include.ts';
export { judgeParameter, type Verdict } from './judge-parameter.ts';
export { keyPart, readKeyPart, systemTag } from './keys.ts';
export {
  type LookedUp,
  type Lookups,
  MOST_CODES,
  MOST_RESOURCES,
  noLookups,
  planWith,
  type Question,
} from './lookups.ts';
export { needParameter, parametersOf, type TypeParameters } from './parameters.ts';
export { patientCompartmentKeys, patientsNamed } from './patient-compartment.ts';
export { type PlanInput, planCriteria, planSearch, type SearchPlan, type SearchSettings } from './plan.ts';
export { escapeValue, tokenValue } from './separators.ts';
export { elementsReadBy, parametersOfKey, parametersSpokenOf, type SpokenParameter } from './spoken-parameters.ts';
export { hasTokenOf, tokenPart } from './token-keys.ts';
export { parentsOf } from './tree-parents.ts';
