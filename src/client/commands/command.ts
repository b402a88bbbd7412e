import type { Key } from '../../protocol/key.ts'
import type { Interpret } from '../../protocol/operation.ts'
import type { Request } from '../../protocol/request.ts'
import type { KeyOptions } from '../call-options.ts'
import { hasReader, inspectionReader, touchReader } from '../inspection.ts'
import type { LargeValues } from '../large-values.ts'
import type { ReleaseWinToken } from '../placeholder.ts'
import type { Values } from '../values.ts'

/** Which failures of a command the option `failures` may absorb. */
export type FailureKind = 'read' | 'write' | 'never'

/**
 * The request of a call, and the way its reply is read. The function that makes it has checked the call; a client, a
 * namespace, a pipeline or a quiet write carries it out.
 */
export interface Command {
  readonly request: Request
  readonly key: Key
  readonly interpret: Interpret
  /** Which failures may be absorbed. */
  readonly kind: FailureKind
  /** Result of the call when its failure is absorbed. */
  readonly instead: unknown
  readonly options: KeyOptions | undefined
}

/** Parts of a client that make its commands. */
export interface CommandContext {
  readonly values: Values
  readonly readPresence: Interpret
  readonly readInspection: Interpret
  readonly readTouched: Interpret
}

/** Makes a command out of a call: the key, and what else the call takes, its options last. */
export type MakeCommand<Args extends readonly unknown[], Context = CommandContext, Made = Command> = (
  context: Context,
  ...args: Args
) => Made

/** Returns the context of a client's commands, with the readers that all of them share. */
export function createCommandContext(
  values: Values,
  releaseWinToken: ReleaseWinToken,
  large: LargeValues | undefined,
): CommandContext {
  return {
    values,
    readPresence: hasReader(releaseWinToken),
    readInspection: inspectionReader(releaseWinToken, large),
    readTouched: touchReader(releaseWinToken, large),
  }
}
