import type { ClassicRequest } from '../classic-request.ts'

/** Ending of a classic command line without a reply. */
const NOREPLY = ' noreply'

/**
 * Returns the classic command line of a request, CR LF included; a store's data block follows it. Numbers are formatted
 * from numbers, never from text, and the key was checked when it was encoded: no other text can reach the line.
 *
 * @param quiet - with `noreply`. The server then sends no refusals either (protocol.txt, "noreply").
 */
export function encodeTextCommand(request: ClassicRequest, key: string, quiet: boolean): string {
  const ending = quiet ? `${NOREPLY}\r\n` : '\r\n'
  switch (request.command) {
    case 'get':
    case 'gets':
      return `${request.command} ${key}\r\n`
    case 'gat':
    case 'gats':
      return `${request.command} ${request.exptime} ${key}\r\n`
    case 'set':
    case 'add':
    case 'replace':
      return `${request.command} ${key} ${request.clientFlags} ${request.exptime} ${request.bytes}${ending}`
    case 'append':
    case 'prepend':
      // The server ignores both numbers: the item keeps its own.
      return `${request.command} ${key} 0 0 ${request.bytes}${ending}`
    case 'cas':
      return `cas ${key} ${request.clientFlags} ${request.exptime} ${request.bytes} ${request.cas}${ending}`
    case 'delete':
      return `delete ${key}${ending}`
    case 'incr':
    case 'decr':
      return `${request.command} ${key} ${request.delta}${ending}`
    case 'touch':
      return `touch ${key} ${request.exptime}${ending}`
    case 'version':
    case 'noop':
      return 'version\r\n'
  }
}
