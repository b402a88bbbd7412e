import { MetaWire } from './meta-wire.ts'
import { TextWire } from './text-wire.ts'
import type { Wire, WireTarget } from './wire.ts'

/** Creates the wire of a new connection. */
export function createWire(target: WireTarget): Wire {
  switch (target.protocol) {
    case 'meta':
      return new MetaWire(target)
    case 'text':
      return new TextWire(target)
  }
}
