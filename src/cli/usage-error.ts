/** Error in the command line: shown in one line, without a stack; exit code 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}
