import { EventEmitter } from 'node:events'
import { types } from 'node:util'
import { isBytes } from '../../bytes.ts'
import { InvalidInputError } from '../../errors.ts'
import type { RangeSerde, Serde, SerializedValue } from '../../serde/serde.ts'
import { writeError } from './error-form.ts'
import { Tag } from './message-tags.ts'
import { MessageWriter } from './message-writer.ts'
import { type NumberRange, shapeOf } from './protocol.ts'
import { RemoteHandle } from './remote-handle.ts'

/** Deepest nesting of options; anything deeper is a value, and crosses as a number. */
const MAX_DEPTH = 6

/** Object of the caller's that the worker knows by number. */
interface Owned {
  readonly object: unknown
  /** Object whose method it is. */
  readonly self: unknown
}

/** Value in the argument of a command that stores one: the serde's result travels along. */
export class StoreValue {
  readonly value: unknown
  readonly #form: SerializedValue | undefined

  constructor(value: unknown, form: SerializedValue | undefined) {
    this.value = value
    this.#form = form
  }

  /** The serde's result for the value, if there is one. */
  get form(): SerializedValue | undefined {
    return this.#form
  }

  /** Checks whether an object is a `StoreValue` without reading it: it may be a proxy of the caller's. */
  static is(object: object): object is StoreValue {
    return #form in object
  }
}

/**
 * Writes the caller's arguments. Plain data crosses as data. Functions, values and everything else stay with the
 * caller, and the worker gets numbers for them, which it can call or return.
 */
export class CallerReferences {
  readonly writer: MessageWriter = new MessageWriter((value, writer) => this.#write(value, writer))
  readonly #owned: Map<number, Owned> = new Map()
  #last = 0
  #depth = 0
  /** Object whose properties are being written. */
  #self: unknown

  /** Last number given out. */
  get mark(): number {
    return this.#last
  }

  /** Forgets the objects with these numbers. */
  release([from, to]: NumberRange): void {
    for (let reference = from + 1; reference <= to; reference++) this.#owned.delete(reference)
  }

  /** Returns the object of a number. */
  get(reference: number): unknown {
    return this.#owned.get(reference)?.object
  }

  /** Calls a function, or a method of an object, by number. */
  call(reference: number, method: string, args: readonly unknown[]): unknown {
    const { object, self } = this.#owned.get(reference) ?? { object: undefined, self: undefined }
    if (method === '') return (object as (...args: unknown[]) => unknown).apply(self, [...args])
    return (object as Record<string, (...args: unknown[]) => unknown>)[method]!(...args)
  }

  /** Writes arguments from the outside on. */
  values(values: readonly unknown[]): void {
    this.#depth = 0
    this.writer.data(values)
  }

  /** Writes the reason thrown by a function of the caller's. */
  failure(reason: unknown): void {
    this.#depth = reason instanceof Error ? 1 : MAX_DEPTH
    this.writer.value(reason)
  }

  /** Writes the result of a function of the caller's: a value as a number; data that the worker must read as data. */
  result(value: unknown, isData: boolean): void {
    this.#depth = isData ? 1 : MAX_DEPTH - (types.isMap(value) ? 1 : 0)
    this.writer.value(value)
  }

  #number(object: unknown): number {
    this.#owned.set(++this.#last, { object, self: this.#self })
    return this.#last
  }

  #write(value: object | symbol | ((...args: never[]) => unknown), writer: MessageWriter): boolean {
    if (typeof value === 'function') {
      writer.byte(Tag.function)
      writer.value(this.#number(value))
      // A function in a command's arguments may take its time and use the client; one in options may not.
      writer.byte(this.#depth === 0 ? 0 : 1)
      return true
    }
    if (typeof value === 'symbol') {
      this.#writeOpaque(value, undefined, writer)
      return true
    }
    if (StoreValue.is(value)) {
      this.#writeOpaque(value.value, value.form, writer)
      return true
    }
    if (this.#depth >= MAX_DEPTH) this.#writeOpaque(value, undefined, writer)
    else if (value instanceof Date) return false
    else if (value instanceof Error) this.#writeFailure(value, writer)
    else if (isSerde(value)) this.#writeSerde(value, writer)
    else this.#writeData(value, writer)
    return true
  }

  #writeOpaque(value: unknown, form: SerializedValue | undefined, writer: MessageWriter): void {
    writer.byte(Tag.opaque)
    writer.value(this.#number(value))
    writer.byte(form === undefined ? 0 : 1)
    if (form === undefined) return
    const { data } = form
    if (typeof data === 'string') writer.value(data)
    else {
      writer.byte(Tag.bytes)
      writer.bytes(data)
    }
    writer.uint32(form.clientFlags)
  }

  #writeSerde(serde: Serde, writer: MessageWriter): void {
    const isRange = 'deserializeRange' in serde
    writer.byte(Tag.serde)
    writer.value(this.#number(serde))
    const leavesCompressionFlags = isRange && (serde as RangeSerde).leavesCompressionFlags === true
    const { counterFlags } = serde
    writer.properties(Object.entries({ isRange, leavesCompressionFlags, counterFlags }))
  }

  #writeFailure(error: Error, writer: MessageWriter): void {
    writer.byte(Tag.failure)
    writer.value(this.#number(error))
    this.#depth++
    writeError(error, writer)
    this.#depth--
  }

  #writeData(value: object, writer: MessageWriter): void {
    refuse(value)
    writer.byte(Tag.owned)
    writer.value(this.#number(value))
    const outer = this.#self
    this.#depth++
    try {
      if (isBytes(value)) writer.data(value)
      else if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) writer.properties([])
      else if ('~standard' in value) writer.properties([['~standard', value['~standard']]])
      else if (Symbol.iterator in value || isPlain(value)) writer.data(value)
      else {
        this.#self = value
        writer.properties(propertiesOf(value))
      }
    } finally {
      this.#depth--
      this.#self = outer
    }
  }
}

function isSerde(value: object): value is Serde {
  const { serialize, deserialize } = value as Partial<Serde>
  return typeof serialize === 'function' && typeof deserialize === 'function'
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Returns an object's own properties and the methods of its class. */
function propertiesOf(value: object): [string, unknown][] {
  const entries = new Map<string, unknown>(Object.entries(value))
  const source = value as Record<string, unknown>
  for (const name of shapeOf(Object.getPrototypeOf(value) as object).methods) {
    if (!entries.has(name)) entries.set(name, source[name])
  }
  return [...entries]
}

function refuse(value: object): void {
  if (value instanceof AbortSignal) {
    throw new InvalidInputError(
      'a synchronous call takes no signal: nothing could abort it while the thread is blocked; use timeoutMs',
    )
  }
  if (value instanceof EventEmitter || value instanceof RemoteHandle) {
    throw new InvalidInputError('a client lives in one thread and cannot be handed to a synchronous client')
  }
}
