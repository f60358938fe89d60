// A generated test that is too long for every run tries another part each day, and everything with ATTACK=full. ATTACK=<number> repeats a day.
const DAY_MS = 86_400_000;
const { ATTACK } = process.env;

export interface Rotation {
  /** for the output: how to try the same again */
  name: string;
  /** milliseconds that mocha waits; 0: as long as it takes */
  timeout: number;
  /** whether this one's turn has come */
  isDue(...at: number[]): boolean;
}

/** One of so many is tried each time. */
export function rotation(oneOf: number): Rotation {
  if (ATTACK === 'full') return { name: 'ATTACK=full', timeout: 0, isDue: () => true };
  const turn = ATTACK === undefined ? Math.floor(Date.now() / DAY_MS) : Number(ATTACK);
  return {
    name: `ATTACK=${turn}`,
    timeout: 300_000,
    isDue: (...at) => at.reduce((sum, index) => sum + index, turn) % oneOf === 0,
  };
}
