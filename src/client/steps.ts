import type { Key } from '../protocol/key.ts'
import type { Interpret } from '../protocol/operation.ts'
import type { Request } from '../protocol/request.ts'
import type { KeyOptions } from './call-options.ts'
import { NOT_STORED, STORED, Tally } from './calls/tally.ts'
import type { Dispatcher } from './dispatcher.ts'

/** Stands for a failure that the option `failures` absorbs: what the command has done is not known. */
export const ABSORBED: unique symbol = Symbol('absorbed')

/** Carries out one of the commands of a call. */
export type Step = <T>(
  request: Request,
  interpret: Interpret,
  options: KeyOptions | undefined,
) => Promise<T | typeof ABSORBED>

/** A write that may take several commands. */
export interface SteppedWrite<T> {
  readonly key: Key
  readonly options: KeyOptions | undefined
  readonly tally: Tally | undefined
  /** Result of the call when the failure of a command is absorbed. */
  readonly instead: T
  /** Gives `false` where nothing was stored. */
  readonly run: (step: Step) => Promise<T | typeof ABSORBED>
}

/** Carries out a write that may take several commands, and counts it once. */
export async function runSteps<T>(dispatcher: Dispatcher, write: SteppedWrite<T>): Promise<T> {
  const { key, tally, options } = write
  // Of its commands, for the error of one whose failure is absorbed.
  const commands = dispatcher.absorbs('write', options) ? new Tally(false) : undefined
  try {
    const result = await write.run((request, interpret, call) =>
      dispatcher.run(request, key, interpret, 'write', ABSORBED, call, commands),
    )
    if (result === ABSORBED) tally?.addAbsorbed(commands?.errors.keys())
    else tally?.add(result === false ? NOT_STORED : STORED)
    return result === ABSORBED ? write.instead : result
  } catch (error) {
    tally?.fail(error)
    throw error
  }
}
