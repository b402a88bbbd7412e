import type { Request, StoreRequest } from '../request.ts'

/**
 * The highest opaque. Replies come in order, so it only has to tell a reply from its neighbours; few enough that the
 * text of each is made once, for turning a new number into text costs as much as the rest of the line.
 */
export const LAST_OPAQUE = 4095

/** How a line with each opaque ends. */
const ENDINGS: readonly string[] = Array.from({ length: LAST_OPAQUE + 1 }, (_, opaque) => ` O${opaque}\r\n`)

/**
 * The meta command line of a request, CR LF included; a store's data block follows it.
 *
 * @param base64 - the key is in base64 (`b`; memcached 1.6.10 and newer).
 * @param opaque - sequence number that the reply repeats, so that it can be told from any other reply.
 * @param quiet - no reply on success; refusals still come.
 */
export function encodeMetaCommand(
  request: Request,
  key: string,
  base64: boolean,
  opaque: number,
  quiet: boolean,
): string {
  const binary = base64 ? ' b' : ''
  const ending = quiet ? ` q${ENDINGS[opaque]!}` : ENDINGS[opaque]!
  switch (request.command) {
    case 'get':
      return `mg ${key}${binary} v f${ending}`
    case 'gets':
      return `mg ${key}${binary} v f c${ending}`
    case 'set':
    case 'add':
    case 'cas':
      return encodeMetaSet(request, key, binary, ending)
    case 'delete':
      return `md ${key}${binary}${ending}`
    case 'incr':
      // A quiet ma has no reply to carry the number; asking for it would make some versions answer all the same.
      return `ma ${key}${binary} D${request.delta}${quiet ? '' : ' v'}${ending}`
    case 'decr':
      return `ma ${key}${binary} MD D${request.delta}${quiet ? '' : ' v'}${ending}`
    case 'touch':
      return `mg ${key}${binary} T${request.exptime}${ending}`
    case 'version':
      return 'version\r\n'
    case 'noop':
      return 'mn\r\n'
  }
}

function encodeMetaSet(request: StoreRequest, key: string, binary: string, ending: string): string {
  let line = `ms ${key} ${request.bytes}${binary}`
  if (request.exptime !== 0) line += ` T${request.exptime}`
  if (request.clientFlags !== 0) line += ` F${request.clientFlags}`
  return line + storeMode(request) + ending
}

function storeMode(request: StoreRequest): string {
  switch (request.command) {
    case 'set':
      return ''
    case 'add':
      return ' ME'
    case 'cas':
      return ` C${request.cas}`
  }
}
