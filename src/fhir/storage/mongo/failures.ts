// What the database says, in the engine's own error kinds. Anything not named here is ours and becomes a 500.
import {
  MongoBulkWriteError,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb';
import { FhirError } from '../../model/errors.ts';

const MAX_TIME_EXPIRED = 50;
const DUPLICATE_KEY = 11000;
const WRITE_CONFLICT = 112;
const TRANSACTION_TOO_LARGE = 388;
const TOO_LARGE = new Set([10334, 17419, 17420]);
/** shutting down, stepping down, no primary, interrupted, write concern not reached in time */
const AWAY = new Set([6, 7, 64, 89, 91, 100, 189, 262, 9001, 10107, 10058, 11600, 11602, 13435, 13436]);

export const isDuplicateKey = (error: unknown): boolean =>
  error instanceof MongoServerError && error.code === DUPLICATE_KEY;

export const isTransientInTransaction = (error: unknown): boolean =>
  error instanceof MongoError && error.hasErrorLabel('TransientTransactionError');

export const isCommitUnknown = (error: unknown): boolean =>
  error instanceof MongoError && error.hasErrorLabel('UnknownTransactionCommitResult');

const retryLater = { headers: { 'Retry-After': '1' } };

export function failureOf(failure: unknown): unknown {
  const error = unwrapped(failure);
  if (error instanceof FhirError || !(error instanceof MongoError)) return error;
  const code = typeof error.code === 'number' ? error.code : 0;
  if (code === MAX_TIME_EXPIRED)
    return new FhirError('timeout', 'The search took too long. Narrow it: add a patient, a code or a range of dates.', {
      cause: error,
    });
  if (TOO_LARGE.has(code))
    return new FhirError('too-large', 'The resource is too large to be stored', { cause: error });
  if (code === TRANSACTION_TOO_LARGE)
    return new FhirError(
      'too-costly',
      "The transaction is larger than the database's cache. Split it, or give MongoDB a larger cache.",
      { cause: error },
    );
  if (code === WRITE_CONFLICT || isTransientInTransaction(error))
    return new FhirError('transient', 'Others were changing the same data; please try again', {
      ...retryLater,
      cause: error,
    });
  if (AWAY.has(code) || error instanceof MongoNetworkError || error instanceof MongoServerSelectionError)
    return new FhirError('transient', 'The database is not reachable at the moment', { ...retryLater, cause: error });
  return error;
}

/** Awaits work on the database and names its failures. */
export async function named<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw failureOf(error);
  }
}

/** The driver's bulk error hides the failure of a whole command (a lost connection, a new primary) behind an empty list. */
function unwrapped(error: unknown): unknown {
  return error instanceof MongoBulkWriteError && (error.errorResponse as unknown) instanceof Error
    ? error.errorResponse
    : error;
}

/** The failures of an unordered bulk write by index; throws what is not the failure of single documents. */
export function failedIndexes(failure: unknown): Map<number, Error> {
  const error = unwrapped(failure);
  if (!(error instanceof MongoBulkWriteError)) throw error;
  const unconfirmed = error.result.getWriteConcernError();
  if (unconfirmed)
    throw new FhirError('transient', 'The write is not confirmed by a majority', { ...retryLater, cause: error });
  const errors = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  if (errors.length === 0) throw error;
  return new Map(errors.map((one) => [one.index, new MongoServerError({ code: one.code, message: one.errmsg ?? '' })]));
}
