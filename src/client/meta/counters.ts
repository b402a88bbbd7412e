import type { Key } from '../../protocol/key.ts'
import type { MetaArithmeticFlags } from '../../protocol/meta/request.ts'
import type { Interpret } from '../../protocol/operation.ts'
import { Returned } from '../../protocol/reply.ts'
import { checkUint64 } from '../numbers.ts'
import { checkCallOptions } from '../option-names.ts'
import type { Values } from '../values.ts'
import { echoOf, type MetaCommand, type MetaContext, refuseReturns, ttlOf } from './command.ts'
import { COUNT_NAMES, checkNeeds, HINTS, type MetaCountOptions, optionalCas, optionalExptime } from './options.ts'
import type { MetaCounted, MetaEcho } from './results.ts'

/** The command of an `incr` or a `decr`. */
export function countCommand(
  { values, quiet }: MetaContext,
  mode: 'incr' | 'decr',
  key: Key,
  delta: number | bigint = 1,
  options?: MetaCountOptions,
): MetaCommand {
  checkCallOptions(mode, options, COUNT_NAMES, HINTS)
  refuseReturns(quiet, options)
  checkNeeds('initial', options?.initial, 'initialTtl', options?.initialTtl)
  const echo = echoOf(key, options)
  return {
    request: { command: 'ma', label: mode, flags: flagsOf(values, mode, checkUint64('delta', delta), options) },
    key,
    interpret: readCount(echo),
    kind: options?.compareCas === undefined ? 'write' : 'never',
    instead: { status: 'notFound', ...echo },
    options,
    echo,
    mayBeQuiet: true,
  }
}

function flagsOf(
  values: Values,
  mode: 'incr' | 'decr',
  delta: bigint,
  options: MetaCountOptions | undefined,
): MetaArithmeticFlags {
  if (options === undefined) return { mode, delta, value: true }
  const { initial, initialTtl, touch } = options
  return {
    mode,
    delta,
    vivify: optionalExptime('initialTtl', initialTtl),
    initial: initial === undefined ? undefined : checkUint64('initial', initial),
    exptime: touch === undefined ? undefined : values.exptime(touch),
    compareCas: optionalCas('compareCas', options.compareCas),
    newCas: optionalCas('newCas', options.newCas),
    value: true,
    ttl: options.returnTtl,
    cas: options.returnCas,
    key: options.returnKey,
  }
}

function readCount(echo: MetaEcho): Interpret {
  return (reply) => {
    // A quiet one does not get the value.
    if (reply.outcome === 'done') return { status: 'hit', ...echo }
    if (reply.outcome !== 'number') return { status: reply.outcome, ...echo }
    const counted: { -readonly [Field in keyof MetaCounted]: MetaCounted[Field] } = {
      status: 'hit',
      value: reply.digits(),
      ...echo,
    }
    if (reply.has(Returned.cas)) counted.cas = reply.cas()
    if (reply.has(Returned.ttl)) counted.ttl = ttlOf(reply)
    return counted
  }
}
