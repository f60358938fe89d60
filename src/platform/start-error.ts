// A reason not to start that the person at the terminal can act on: printed as one line, without a stack.

/** 1: the machine does not allow it (busy port, folder, engine); 2: a setting is wrong. */
export class StartError extends Error {
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartError';
    this.exitCode = exitCode;
  }
}
