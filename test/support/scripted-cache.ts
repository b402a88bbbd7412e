import { opaqueOf, type Peer, type ReceivedCommand } from './peer.ts'

/** Answers one command by hand, or leaves it to the default by `undefined`; `''` is silence. */
export type Answer = (command: ReceivedCommand, peer: Peer) => string | undefined

/**
 * Serves commands until the client leaves: reads miss, writes succeed, `mn` and `version` are answered, unless `answer`
 * says otherwise. Just enough for scripts that care about one command among others.
 */
export async function serveCommands(peer: Peer, answer: Answer = () => undefined): Promise<void> {
  for (;;) {
    const command = await peer.command()
    peer.reply(answer(command, peer) ?? defaultAnswer(command))
  }
}

const defaults: Readonly<Record<string, (opaque: string) => string>> = {
  version: () => 'VERSION 1.6.45\r\n',
  mn: () => 'MN\r\n',
  get: () => 'END\r\n',
  gets: () => 'END\r\n',
  ms: (opaque) => `HD${opaque}\r\n`,
  md: (opaque) => `HD${opaque}\r\n`,
  mg: (opaque) => `EN${opaque}\r\n`,
  ma: (opaque) => `NF${opaque}\r\n`,
  set: () => 'STORED\r\n',
  delete: () => 'NOT_FOUND\r\n',
  touch: () => 'NOT_FOUND\r\n',
  incr: () => 'NOT_FOUND\r\n',
  decr: () => 'NOT_FOUND\r\n',
}

function defaultAnswer(command: ReceivedCommand): string {
  const reply = defaults[command.words[0]!]?.(opaqueOf(command)) ?? 'ERROR\r\n'
  const suppressed = command.words.includes('q') && reply.startsWith('HD')
  return suppressed || command.words.at(-1) === 'noreply' ? '' : reply
}

/** The reply of a classic read that finds every key, with `value(key)`. */
export function values(command: ReceivedCommand, value: (key: string) => string = (key) => key): string {
  const items = command.words.slice(1).map((key) => `VALUE ${key} 0 ${value(key).length}\r\n${value(key)}\r\n`)
  return `${items.join('')}END\r\n`
}
