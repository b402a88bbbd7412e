import { InvalidInputError } from '../errors.ts'
import { showValue } from '../show-value.ts'

/** Position of the block's length in the commands that memcached reads a data block for. */
const LENGTH_AT: ReadonlyMap<string, number> = new Map([
  ['set', 4],
  ['add', 4],
  ['replace', 4],
  ['append', 4],
  ['prepend', 4],
  ['cas', 4],
  ['ms', 2],
])

/** A command that the server does not read a data block for would have it executed: its lines are commands. */
const NO_BLOCK = 'the server would take its lines for commands'

/**
 * Checks that a command line and its data block agree: the line of a store announces a block of just this length, that of a
 * known command without a block has none, and one that is not known ends in the length.
 *
 * @param bytes - Length of the block; undefined: there is none.
 * @throws `InvalidInputError`
 */
export function checkRawBody(line: string, bytes: number | undefined): void {
  const words = line.split(' ').filter((word) => word !== '')
  const [command = ''] = words
  const at = LENGTH_AT.get(command)
  if (at === undefined) return checkOther(command, words, bytes)
  const announced = words[at]
  if (announced === undefined || !isLength(announced)) {
    // Without a block it is the server's to refuse such a line.
    if (bytes !== undefined)
      throw new InvalidInputError(`${command} with a body must say its length in bytes, ${bytes}`)
    return
  }
  if (bytes === undefined) {
    throw new InvalidInputError(`${command} announces a body of ${announced} bytes: give it as the option body`)
  }
  if (Number(announced) !== bytes) {
    throw new InvalidInputError(`${command} announces a body of ${announced} bytes, and the option body has ${bytes}`)
  }
}

/** Commands that no version of memcached reads a block for; of others, a proxy's, the last word must be the length. */
const WITHOUT_BLOCK: ReadonlySet<string> = new Set([
  'get',
  'gets',
  'gat',
  'gats',
  'mg',
  'md',
  'ma',
  'mn',
  'me',
  'mop',
  'delete',
  'incr',
  'decr',
  'touch',
  'stats',
  'flush_all',
  'version',
  'verbosity',
  'quit',
  'shutdown',
  'slabs',
  'lru',
  'lru_crawler',
  'watch',
  'cache_memlimit',
  'extstore',
  'refresh_certs',
])

function checkOther(command: string, words: readonly string[], bytes: number | undefined): void {
  if (bytes === undefined) return
  const last = words.at(-1)!
  if (!WITHOUT_BLOCK.has(command) && isLength(last) && Number(last) === bytes) return
  const rule = WITHOUT_BLOCK.has(command) ? 'takes no body' : `does not end in the length of the body, ${bytes}`
  throw new InvalidInputError(`the command ${showValue(command)} ${rule}: ${NO_BLOCK}`)
}

function isLength(word: string): boolean {
  return /^\d{1,10}$/.test(word)
}
