import { SerdeError } from '../../errors.ts'
import { type Key, quoteKey } from '../../protocol/key.ts'
import type { Interpret } from '../../protocol/operation.ts'
import type { Patience } from '../../protocol/patience.ts'
import { PLACEHOLDER_FLAGS } from '../../protocol/placeholder.ts'
import { GET, type Request } from '../../protocol/request.ts'
import type { CallDeadline } from '../call-deadline.ts'
import type { Dispatcher } from '../dispatcher.ts'
import { readBigCount, readStored } from '../results.ts'
import { Generation, type GenerationItem } from './generation.ts'

/** The client flags under which the default serde writes integers. */
const INTEGER_FLAGS = 2

const INCR: Request = Object.freeze({ command: 'incr', delta: 1n })

/** Makes a generation whose number is the item with this key. */
export function createGeneration(dispatcher: Dispatcher, key: Key, refreshMs: number): Generation {
  return new Generation(createGenerationItem(dispatcher, key), refreshMs, dispatcher.timeoutMs)
}

function createGenerationItem(dispatcher: Dispatcher, key: Key): GenerationItem {
  const run = <T>(request: Request, interpret: Interpret, time: CallDeadline, patience?: Patience): Promise<T> =>
    dispatcher.runAtHome<T>(request, key, interpret, time.rest({}), patience)
  return {
    get: (time, patience) => run(GET, readGeneration, time, patience),
    add: (generation, time, patience) => run(addRequest(generation), readStored, time, patience),
    incr: (time) => run(INCR, readBigCount, time),
  }
}

function addRequest(generation: bigint): Request {
  const data = String(generation)
  return {
    command: 'add',
    data,
    bytes: data.length,
    clientFlags: INTEGER_FLAGS,
    exptime: 0,
    cas: 0n,
    preparing: undefined,
  }
}

const readGeneration: Interpret = (reply, operation) => {
  // A placeholder is a number that is being copied from an older cluster: not there yet.
  if (reply.outcome !== 'hit' || reply.clientFlags === PLACEHOLDER_FLAGS) return undefined
  const generation = reply.storedCounter()
  if (generation !== undefined) return generation
  const message = `${operation.describe()}: ${quoteKey(operation.callerKey)} is no generation or version: it holds no number of 64 bits`
  throw new SerdeError(message, { server: operation.holder?.server, delivery: 'answered' })
}
