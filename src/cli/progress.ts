// Shows how far something is: a bar on a terminal, a line every few seconds elsewhere.
import { SingleBar } from 'cli-progress';
import { systemClock } from '../platform/clock/clock.ts';

export interface Progress {
  update(done: number, note: string): void;
  end(): void;
}

const LINE_EVERY_MS = 5000;

export function createProgress(label: string, total: number, stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? bar(label, total, stream) : lines(label, total, stream);
}

function bar(label: string, total: number, stream: NodeJS.WriteStream): Progress {
  const shown = new SingleBar({ format: `${label} {bar} {percentage}% {note}`, stream, hideCursor: true });
  shown.start(total, 0, { note: '' });
  return {
    update: (done, note) => shown.update(done, { note }),
    end: () => shown.stop(),
  };
}

function lines(label: string, total: number, stream: NodeJS.WriteStream): Progress {
  let last = systemClock();
  return {
    update: (done, note) => {
      if (systemClock() - last < LINE_EVERY_MS) return;
      last = systemClock();
      stream.write(`${label} ${total === 0 ? 100 : Math.floor((done / total) * 100)} % ${note}\n`);
    },
    end: () => undefined,
  };
}
