// A test of more cases than every run can wait for tries another part each day, and everything with ATTACK=full or EXAMPLES=full. A number in
// place of `full` repeats a day.
const DAY_MS = 86_400_000;

export interface Rotation {
  /** for the output: how to try the same again */
  name: string;
  /** milliseconds that mocha waits; 0: as long as it takes */
  timeout: number;
  /** whether this one's turn has come */
  isDue(...at: number[]): boolean;
}

/** One of so many is tried each time. */
export function rotation(oneOf: number, variable: 'ATTACK' | 'EXAMPLES' = 'ATTACK'): Rotation {
  const wanted = process.env[variable];
  if (wanted === 'full') return { name: `${variable}=full`, timeout: 0, isDue: () => true };
  const turn = wanted === undefined ? Math.floor(Date.now() / DAY_MS) : Number(wanted);
  return {
    name: `${variable}=${turn}`,
    timeout: 300_000,
    isDue: (...at) => at.reduce((sum, index) => sum + index, turn) % oneOf === 0,
  };
}
