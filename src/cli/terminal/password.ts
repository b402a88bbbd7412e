import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import type { Host } from '../host.ts'

/** Asks for a password on the terminal, on standard error; what is typed is not shown. Rejects when the signal aborts. */
export function askPassword(question: string, host: Host): Promise<string> {
  const { stdin, stderr, signal } = host
  stderr.write(question)
  const mute = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: mute, terminal: true })
  return new Promise<string>((resolve, reject) => {
    const leave = (): void => {
      signal.removeEventListener('abort', interrupt)
      lines.close()
      stderr.write('\n')
    }
    const interrupt = (): void => {
      leave()
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', interrupt, { once: true })
    lines.once('line', (password) => {
      leave()
      resolve(password)
    })
    // The terminal is in raw mode: Ctrl-C is a key, no signal.
    lines.once('SIGINT', () => host.interrupt())
  })
}
