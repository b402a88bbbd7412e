import { createInterface } from 'node:readline'
import type { Host } from '../host.ts'
import { UsageError } from '../usage-error.ts'

/**
 * Asks a question on the terminal, on standard error. Only `y` and `yes` are yes.
 *
 * @throws `UsageError` - there is no terminal to ask on.
 */
export function askYes(question: string, host: Host): Promise<boolean> {
  const { stdin, stderr, signal } = host
  if (stdin.isTTY !== true || stderr.isTTY !== true) {
    throw new UsageError(`${question} There is no terminal to ask on: give --yes`)
  }
  const lines = createInterface({ input: stdin, output: stderr, terminal: true })
  return new Promise<boolean>((resolve, reject) => {
    const interrupt = (): void => {
      lines.close()
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', interrupt, { once: true })
    lines.once('SIGINT', () => host.interrupt())
    // Ctrl-D closes without an answer.
    lines.once('close', () => {
      signal.removeEventListener('abort', interrupt)
      resolve(false)
    })
    lines.question(`${question} [y/N] `, (answer) => {
      resolve(/^y(?:es)?$/i.test(answer.trim()))
      lines.close()
    })
  })
}
