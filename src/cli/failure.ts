/** Failure that a command explains itself: shown in one line, without a stack. */
export class Failure extends Error {
  override readonly name: string = 'Failure'
  /** Exit code of the process. */
  readonly exitCode: number

  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}
