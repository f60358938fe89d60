// A line to a server that a test can cut or silence: a real Redis that cannot be reached.

import type { AddressInfo } from 'node:net';
import net from 'node:net';

export interface CuttableLine {
  /** the address given, through this line */
  url: string;
  /** connections break, and new ones are refused at once */
  cut(): void;
  /** connections stay, and nothing comes through any more */
  silence(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function cuttable(url: string): Promise<CuttableLine> {
  const target = new URL(url);
  const open = new Set<net.Socket>();
  let state: 'whole' | 'cut' | 'silent' = 'whole';
  const server = net.createServer((near) => {
    if (state === 'cut') {
      near.destroy();
      return;
    }
    const far = net.connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on('data', (chunk) => (state === 'whole' ? other.write(chunk) : undefined));
      one.on('error', () => undefined);
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const through = new URL(url);
  through.port = String((server.address() as AddressInfo).port);
  through.hostname = '127.0.0.1';
  const breakAll = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: through.href,
    cut() {
      state = 'cut';
      breakAll();
    },
    silence() {
      state = 'silent';
    },
    mend() {
      // what was swallowed never comes: start anew
      if (state === 'silent') breakAll();
      state = 'whole';
    },
    async close() {
      breakAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
