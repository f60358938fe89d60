// A store that is narrowed to a caller knows the one that is not, for the few operations that must act beyond their caller's reach: a merge moves
// every reference, also those that the caller does not see. Such an operation first finds what it was asked about in the narrowed one.
import type { Store, Transaction } from './store.ts';

const BEYOND: unique symbol = Symbol('beyond');

type Narrowed<Room> = Room & { [BEYOND]?: () => Room };

/** Itself where nobody narrowed it. */
export const beyond = <Room extends Store | Transaction>(room: Room): Room =>
  (room as Narrowed<Room>)[BEYOND]?.() ?? room;

export const withBeyond = <Room extends Store | Transaction>(room: Room, make: () => Room): Room =>
  ({ ...room, [BEYOND]: make }) as Room;
