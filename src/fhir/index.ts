// The door for hospital code (src/domain): what a ward may use of the engine.
export type { Call, Engine } from './interactions/call.ts';
export {
  answerWith,
  defineOperation,
  type OperationAnswer,
  type OperationContext,
  type OperationModule,
} from './operations/operation.ts';
export { beyond } from './storage/beyond.ts';
export { everyMatch } from './storage/every-match.ts';
export { type Change, defineRule, type WriteRule } from './storage/rules.ts';
export type {
  FindPage,
  FindQuery,
  Match,
  Place,
  Store,
  Transaction,
  Version,
  Write,
  Written,
} from './storage/store.ts';
