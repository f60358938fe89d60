import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { createLogger, type LoggerOptions } from '../../../src/platform/logger/logger.ts';

function written(options: Partial<LoggerOptions>, use: (logger: ReturnType<typeof createLogger>) => void): string {
  const stream = new PassThrough();
  use(createLogger({ level: 'info', format: 'json', ...options, stream }));
  return String(stream.read() ?? '');
}

describe('the log', () => {
  it('writes one JSON line an event, with the fields of its child', () => {
    const line = JSON.parse(written({}, (logger) => logger.child({ request: 'r1' }).warn('slow', { ms: 12 })));
    assert.match(line.time, /^\d{4}-.*Z$/);
    assert.deepEqual({ ...line, time: '' }, { time: '', level: 'warn', message: 'slow', request: 'r1', ms: 12 });
  });

  it('leaves out what is less important than its level', () => {
    assert.equal(
      written({ level: 'warn' }, (logger) => logger.info('nothing')),
      '',
    );
  });

  it('writes text for people where asked', () => {
    const line = written({ format: 'text' }, (logger) => logger.error('lost', { engine: 'Redis' }));
    assert.match(line, /^\d\d:\d\d:\d\d error: lost engine=Redis\n$/);
  });

  it('masks passwords in addresses, tokens in headers and fields with telling names', () => {
    const line = written({}, (logger) =>
      logger.info('connected to mongodb://ward:hunter2@db/x', {
        headers: { authorization: 'Bearer abc.def', accept: 'x' },
        accessToken: 'abc.def',
        note: 'sent Bearer abc.def',
        error: new Error('no route to redis://:hunter2@cache'),
      }),
    );
    assert.doesNotMatch(line, /hunter2|abc\.def/);
    assert.match(line, /mongodb:\/\/\*\*\*@db\/x/);
  });

  it('writes errors with their cause', () => {
    const line = JSON.parse(
      written({}, (logger) => logger.error('failed', { error: new Error('outer', { cause: new Error('inner') }) })),
    );
    assert.equal(line.error.message, 'outer');
    assert.equal(line.error.cause.message, 'inner');
  });
});
