// The server's log: one line an event, JSON for machines or text for a terminal, secrets masked before anything is written.
import winston from 'winston';
import { systemClock } from '../clock/clock.ts';
import { mask } from './mask.ts';

export type Fields = Readonly<Record<string, unknown>>;

export interface Logger {
  error(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  debug(message: string, fields?: Fields): void;
  /** a logger whose lines all carry these fields, for example the correlation id of a request */
  child(fields: Fields): Logger;
}

export interface LoggerOptions {
  level: 'error' | 'warn' | 'info' | 'debug';
  format: 'auto' | 'json' | 'text';
  /** where lines go; the process's standard output where absent */
  stream?: NodeJS.WritableStream;
}

export function createLogger({ level, format, stream = process.stdout }: LoggerOptions): Logger {
  const asText = format === 'text' || (format === 'auto' && 'isTTY' in stream && stream.isTTY === true);
  const base = winston.createLogger({
    level,
    format: winston.format.printf((info) => (asText ? textLine(info) : jsonLine(info))),
    transports: [new winston.transports.Stream({ stream, eol: '\n' })],
  });
  return loggerOver(base, {});
}

function loggerOver(base: winston.Logger, own: Fields): Logger {
  const at =
    (level: LoggerOptions['level']) =>
    (message: string, fields: Fields = {}): void => {
      if (base.isLevelEnabled(level)) base.log({ level, message, fields: { ...own, ...fields } });
    };
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: (fields) => loggerOver(base, { ...own, ...fields }),
  };
}

function jsonLine({ level, message, fields }: winston.Logform.TransformableInfo): string {
  const line = {
    time: new Date(systemClock()).toISOString(),
    level,
    message: mask(message),
    ...(mask(fields) as Fields),
  };
  return JSON.stringify(line);
}

function textLine({ level, message, fields }: winston.Logform.TransformableInfo): string {
  const shown = Object.entries(mask(fields) as Fields).map(([name, value]) => ` ${name}=${plain(value)}`);
  const label = level === 'info' ? '' : `${level}: `;
  return `${new Date(systemClock()).toTimeString().slice(0, 8)} ${label}${mask(message)}${shown.join('')}`;
}

const plain = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value)) ?? '';
