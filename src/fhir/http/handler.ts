// The FHIR service as one plain function for node:http. Express is not on this way: it would double the cost of a read.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createAdmission } from '../../platform/admission/admission.ts';
import type { Access } from '../auth/access/access.ts';
import { answerError } from '../interactions/answer-error.ts';
import type { Dispatch, Engine } from '../interactions/call.ts';
import { createGrammar } from '../interactions/grammar.ts';
import { FhirError } from '../model/errors.ts';
import type { Store } from '../storage/store.ts';
import { createCorrelation } from './correlation.ts';
import { type Content, encode } from './encode.ts';
import { type Exchange, type Guard, openExchange, type Room, record, stepsFor, walk } from './pipeline.ts';
import { respond } from './respond.ts';
import type { HttpLogger, HttpSettings } from './settings.ts';

export interface HandlerDeps {
  engine: Engine;
  store: Store;
  dispatch: Dispatch;
  logger: HttpLogger;
  settings: HttpSettings;
  /** absent with AUTH=off */
  guard?: Guard;
  access?: Pick<Access, 'storeFor' | 'withReason'>;
}

export type Handler = (req: IncomingMessage, res: ServerResponse) => void;

/** Answers every request below `settings.path`; the caller sends it no others. */
export function createFhirHandler({ engine, store, dispatch, logger, settings, guard, access }: HandlerDeps): Handler {
  const correlate = createCorrelation();
  const room: Room = {
    engine,
    store,
    dispatch,
    settings,
    grammar: createGrammar(engine.definitions),
    admission: createAdmission(settings.maxLargeBytesAtOnce),
    ...(guard === undefined ? {} : { guard }),
    ...(access && { access }),
  };
  const way = stepsFor(guard);

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const startedAt = performance.now();
    const exchange = openExchange(req, res, correlate(req.headers), settings);
    let failure: unknown;
    try {
      await walk(exchange, room, way);
    } catch (error) {
      failure = error;
      exchange.answer = answerError(error, exchange.id);
    } finally {
      exchange.release?.();
    }
    let answer = exchange.answer ?? answerError(new Error('No step answered'), exchange.id);
    let content: Content | undefined;
    try {
      content = encode(answer, exchange, engine.definitions);
    } catch (error) {
      failure = error;
      answer = answerError(error, exchange.id);
      content = encode(answer, exchange, engine.definitions);
    }
    try {
      await record(exchange, answer.status, failure === undefined ? undefined : kindOf(failure), room);
    } catch (error) {
      failure = error;
      answer = answerError(error, exchange.id);
      content = encode(answer, exchange, engine.definitions);
    }
    await respond(req, res, answer, content, exchange);
    report(exchange, answer.status, performance.now() - startedAt, failure);
  }

  /** What happened, without anything that could name a patient: no query, no id, no body. */
  function report({ id, req, target }: Exchange, status: number, ms: number, failure: unknown): void {
    const type = target !== undefined && 'type' in target ? target.type : undefined;
    const fields = { id, method: req.method, kind: target?.kind, type, status, ms: Math.round(ms * 100) / 100 };
    if (failure === undefined) logger.debug('answered', fields);
    else if (!req.complete && req.destroyed) logger.info('the client left', fields);
    else if (!(failure instanceof FhirError)) logger.error('failed', { ...fields, error: describe(failure) });
    else if (failure.status >= 500) logger.warn('failed', { ...fields, why: failure.kind, error: describe(failure) });
    else logger.info('refused', { ...fields, why: failure.kind });
  }

  return (req, res) => {
    serve(req, res).catch((error: unknown) => {
      logger.error('could not answer', { error: describe(error) });
      res.destroy();
    });
  };
}

const kindOf = (failure: unknown): string => (failure instanceof FhirError ? failure.kind : 'exception');

/** stack and causes, for the log only */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${describe(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
