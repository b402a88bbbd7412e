/** Error in the command line: shown in one line, without a stack. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}
