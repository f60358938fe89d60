// Bounded admission of large bodies: their bytes in work at once stay below a limit, the others wait in line. A body asks once,
// before it is read, and holds nothing while it waits, so nobody can wait for somebody who waits.
export interface Admission {
  /** resolves with the release when there is room; `signal` leaves the line */
  enter(bytes: number, signal: AbortSignal): Promise<() => void>;
}

interface Waiting {
  bytes: number;
  admit(): void;
}

export function createAdmission(limit: number): Admission {
  const line: Waiting[] = [];
  let inWork = 0;

  function advance(): void {
    for (let next = line[0]; next !== undefined && inWork + next.bytes <= limit; next = line[0]) {
      line.shift();
      inWork += next.bytes;
      next.admit();
    }
  }

  return {
    enter: (asked, signal) =>
      new Promise((resolve, reject) => {
        const bytes = Math.min(asked, limit); // more than everything means: alone
        const leave = () => {
          const place = line.indexOf(waiting);
          if (place !== -1) line.splice(place, 1);
          reject(signal.reason);
          advance();
        };
        const waiting: Waiting = {
          bytes,
          admit() {
            signal.removeEventListener('abort', leave);
            let released = false;
            resolve(() => {
              if (released) return;
              released = true;
              inWork -= bytes;
              advance();
            });
          },
        };
        if (signal.aborted) return reject(signal.reason);
        signal.addEventListener('abort', leave, { once: true });
        line.push(waiting);
        advance();
      }),
  };
}
