// Work that is done again and again in the background: never twice at once, and no reason for the process to stay.

export interface Repeated {
  stop(): void;
}

/** `work` that takes longer than `ms` is let finish; what it rejects with goes to `onError`. */
export function every(ms: number, work: () => Promise<unknown>, onError: (error: unknown) => void): Repeated {
  let isIdle = true;
  const timer = setInterval(() => {
    if (!isIdle) return;
    isIdle = false;
    work()
      .catch(onError)
      .finally(() => {
        isIdle = true;
      });
  }, ms);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
