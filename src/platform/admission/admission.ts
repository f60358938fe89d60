// Bounded admission of what is large: the weight of all that is in work at once stays below a limit, the others wait in line. Who enters
// asks once and holds nothing while it waits, so nobody can wait for somebody who waits.
export interface Admission {
  /** resolves with the release when there is room; `signal` leaves the line. More than the whole limit means: alone. */
  enter(weight: number, signal?: AbortSignal): Promise<() => void>;
}

interface Waiting {
  weight: number;
  admit(): void;
}

export function createAdmission(limit: number): Admission {
  const line: Waiting[] = [];
  let inWork = 0;

  function advance(): void {
    for (let next = line[0]; next !== undefined && inWork + next.weight <= limit; next = line[0]) {
      line.shift();
      inWork += next.weight;
      next.admit();
    }
  }

  return {
    enter: (asked, signal) =>
      new Promise((resolve, reject) => {
        const weight = Math.min(asked, limit);
        const leave = () => {
          const place = line.indexOf(waiting);
          if (place !== -1) line.splice(place, 1);
          reject(signal?.reason);
          advance();
        };
        const waiting: Waiting = {
          weight,
          admit() {
            signal?.removeEventListener('abort', leave);
            let released = false;
            resolve(() => {
              if (released) return;
              released = true;
              inWork -= weight;
              advance();
            });
          },
        };
        if (signal?.aborted) return reject(signal.reason);
        signal?.addEventListener('abort', leave, { once: true });
        line.push(waiting);
        advance();
      }),
  };
}
