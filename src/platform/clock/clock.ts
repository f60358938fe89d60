// The only place that asks the machine for the time; everything else is handed a function.

/** ms since 1970 */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
