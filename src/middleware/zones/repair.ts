import type { Operation } from '../../protocol/operation.ts'
import type { Executor } from '../../seam/executor.ts'
import { ItemCopy } from '../item-copy.ts'
import type { Zone } from './zone.ts'
import { outdatedError } from './zone-command.ts'

/** Parts of a repair. */
export interface RepairInit {
  /** The read that missed in one zone and hit in another. */
  readonly outer: Operation
  /** The zone that had the item. */
  readonly from: Zone
  /** The zone that missed. */
  readonly to: Zone
  /** When all steps have to be done, on the monotonic clock. */
  readonly deadline: number
  /** Also fills a placeholder that another client made. */
  readonly takesOver: boolean
  /** Called at the end, whether the item was copied or not. */
  readonly done: () => void
}

/**
 * Copies an item to a zone that missed it: in the place of a placeholder, and read after that was there. A removal that
 * passes in between wins.
 */
export function repair({ outer, from, to, deadline, takesOver, done }: RepairInit): void {
  new ItemCopy({ outer, older: sourceOf(outer, from), context: to.target, deadline, takesOver, done }).start()
}

/** The zone as a source of copies: not for an item that may be older than what this client has written. */
function sourceOf(outer: Operation, zone: Zone): Executor {
  return {
    dispatch: (operation) => {
      const { resolve, reject } = operation
      operation.zone = zone
      operation.resolve = (value, same) => {
        if (zone.owes(outer)) reject(outdatedError(outer, zone), same)
        else resolve(value, same)
      }
      zone.executor.dispatch(operation)
    },
  }
}
