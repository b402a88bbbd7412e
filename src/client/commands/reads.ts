import type { Key } from '../../protocol/key.ts'
import type { Interpret } from '../../protocol/operation.ts'
import { GET, GET_FRESH, GETS, type Request } from '../../protocol/request.ts'
import type { Ttl } from '../../ttl.ts'
import type { GetOptions, KeyOptions } from '../call-options.ts'
import { HAS, INSPECT } from '../inspection.ts'
import { checkCallOptions, GET_NAMES, KEY_NAMES, requireTtl } from '../option-names.ts'
import type { Command, CommandContext } from './command.ts'

/** Options of a read: the `default` may be of any type. */
type Options = GetOptions<unknown> | undefined

/** Makes the command of a `get`. */
export function getCommand({ values }: CommandContext, key: Key, options: Options): Command {
  checkCallOptions('get', options, GET_NAMES)
  return readCommand(
    options?.near === false ? GET_FRESH : GET,
    key,
    values.reader(options?.serde, options?.default),
    options,
  )
}

/** Makes the command of a `gets`. */
export function getsCommand({ values }: CommandContext, key: Key, options: Options): Command {
  checkCallOptions('gets', options, GET_NAMES)
  return readCommand(GETS, key, values.casReader(options?.serde, options?.default), options)
}

/** Makes the command of a `gat`. */
export function gatCommand({ values }: CommandContext, key: Key, ttl: Ttl, options: Options): Command {
  checkCallOptions('gat', options, GET_NAMES)
  const request = { command: 'gat', exptime: values.exptime(requireTtl(ttl, 'gat')) } as const
  return readCommand(request, key, values.reader(options?.serde, options?.default), options)
}

/** Makes the command of a `gats`. */
export function gatsCommand({ values }: CommandContext, key: Key, ttl: Ttl, options: Options): Command {
  checkCallOptions('gats', options, GET_NAMES)
  const request = { command: 'gats', exptime: values.exptime(requireTtl(ttl, 'gats')) } as const
  return readCommand(request, key, values.casReader(options?.serde, options?.default), options)
}

function readCommand(request: Request, key: Key, interpret: Interpret, options: Options): Command {
  return { request, key, interpret, kind: 'read', instead: options?.default, options }
}

/** Makes the command of a `has`. */
export function hasCommand({ readPresence }: CommandContext, key: Key, options: KeyOptions | undefined): Command {
  checkCallOptions('has', options, KEY_NAMES)
  return { request: HAS, key, interpret: readPresence, kind: 'read', instead: false, options }
}

/** Makes the command of an `inspect`. */
export function inspectCommand({ readInspection }: CommandContext, key: Key, options: KeyOptions | undefined): Command {
  checkCallOptions('inspect', options, KEY_NAMES)
  return { request: INSPECT, key, interpret: readInspection, kind: 'read', instead: undefined, options }
}
