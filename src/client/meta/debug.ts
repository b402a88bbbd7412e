import { ProtocolError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import type { Interpret, Operation } from '../../protocol/operation.ts'
import type { KeyOptions } from '../call-options.ts'
import { checkCallOptions, KEY_NAMES } from '../option-names.ts'
import type { MetaCommand, MetaContext } from './command.ts'
import { HINTS } from './options.ts'
import type { MetaDebugged } from './results.ts'

/** The command of a `debug`. */
export function debugCommand(_context: MetaContext, key: Key, options: KeyOptions | undefined): MetaCommand {
  checkCallOptions('debug', options, KEY_NAMES, HINTS)
  return {
    request: { command: 'me', label: 'debug' },
    key,
    interpret: readDebug,
    kind: 'read',
    instead: { status: 'miss' },
    options,
    echo: {},
    mayBeQuiet: false,
  }
}

const readDebug: Interpret = (reply, operation) =>
  reply.outcome === 'hit' ? parseDebug(reply.line(), operation) : { status: 'miss' }

/** Reads `ME <key> exp=… la=… cas=… fetch=… cls=… size=…`; what newer servers may add is passed over. */
function parseDebug(line: string, operation: Operation): MetaDebugged {
  const fields = new Map([...line.matchAll(/ (\w+)=(\S*)/g)].map(([, name = '', value = '']) => [name, value]))
  const whole = (name: string): bigint => {
    const value = fields.get(name)
    if (value !== undefined && /^-?\d{1,20}$/.test(value)) return BigInt(value)
    throw new ProtocolError(`${operation.describe()}: the reply has no number ${name}`, {
      server: operation.holder?.server,
      delivery: 'answered',
    })
  }
  return {
    status: 'hit',
    ttl: ttlOf(Number(whole('exp'))),
    lastAccess: Number(whole('la')),
    cas: whole('cas'),
    fetched: fields.get('fetch') === 'yes',
    slabClass: Number(whole('cls')),
    size: Number(whole('size')),
  }
}

/** Before memcached 1.6.19 the seconds left have a minus in front; -1 is never, in every version. */
function ttlOf(exp: number): number {
  return exp === -1 ? Number.POSITIVE_INFINITY : Math.abs(exp)
}
