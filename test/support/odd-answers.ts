import { onTestFinished } from 'vitest'
import { ScriptedServer } from './scripted-server.ts'

/** Answers that no command asks for, by name. */
export const ODD_ANSWERS: readonly (readonly [name: string, answer: string])[] = [
  ['what no server says', 'so what?\r\n'],
  ['bytes', '\0\u00ff\u0001\u00fe'.repeat(50)],
  ['another protocol', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'],
  ['a value of a length that is none', 'VALUE key 0 -1\r\nx\r\nEND\r\n'],
  ['a value that is too long', 'VALUE key 0 99999999999\r\nx\r\nEND\r\n'],
  ['another key', 'VALUE other 0 1\r\nx\r\nEND\r\n'],
  ['a line without an end', 'VALUE '.repeat(20_000)],
  ['ERROR', 'ERROR\r\n'],
  ['SERVER_ERROR', 'SERVER_ERROR out of memory\r\n'],
  ['STORED, twice', 'STORED\r\nSTORED\r\n'],
]

/** Starts a server that gives every command the same answer, and ends with the test. */
export async function startAnswering(answer: string): Promise<ScriptedServer> {
  const server = await ScriptedServer.startReady(async (peer) => {
    for (;;) {
      await peer.command()
      peer.reply(answer)
    }
  })
  onTestFinished(() => server.close())
  return server
}
