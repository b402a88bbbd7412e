import type { Buffer } from 'node:buffer'
import { createStoredSerde, StoredValue } from '../../client/stored-value.ts'
import type { Serde } from '../../serde/serde.ts'
import { createCallerSerde, OpaqueValue, type SerdeTraits } from './caller-serde.ts'
import { readError, writeError } from './error-form.ts'
import { KeptObjects } from './kept-objects.ts'
import { MessageReader } from './message-reader.ts'
import { Tag } from './message-tags.ts'
import { MessageWriter } from './message-writer.ts'

/** Calls of the caller's functions, by number. */
export interface CallerFunctions {
  /** Calls a function, or a method of an object, and waits for it. */
  callNow(reference: number, method: string, args: readonly unknown[]): unknown
  /** Calls a function while the event loop goes on. */
  callLater(reference: number, args: readonly unknown[]): Promise<unknown>
  /** Called when the present calls have got a function of the second kind. */
  onLaterFunction(): void
}

/**
 * References between worker and caller for everything that is not plain data: the worker knows the caller's objects by
 * number, and the caller knows the client's objects by number.
 */
export class WorkerReferences {
  readonly writer: MessageWriter = new MessageWriter((value, writer) => this.#write(value, writer))
  /** The client, and its objects that stay here. */
  readonly objects: KeptObjects = new KeptObjects()
  readonly #functions: CallerFunctions
  /** Number of every object from the caller. */
  readonly #numbers: WeakMap<object, number> = new WeakMap()
  #storedSerde: Serde = createStoredSerde(false)
  /** Whether the message being written belongs to no call: the caller has forgotten its numbers. */
  #isLate = false

  constructor(functions: CallerFunctions) {
    this.#functions = functions
  }

  /** Serde that leaves stored values to the caller, who decodes them with the serde of the client's options. */
  get storedSerde(): Serde {
    return this.#storedSerde
  }

  /** Returns a reader of the caller's bytes. */
  reader(bytes: Buffer): MessageReader {
    return new MessageReader(bytes, (tag, reader) => this.#read(tag, reader))
  }

  /** Writes a message that belongs to no call; valid until the next one is written. */
  late(value: unknown): Buffer {
    const { writer } = this
    this.#isLate = true
    writer.start()
    writer.value(value)
    this.#isLate = false
    return writer.finish()
  }

  #read(tag: number, reader: MessageReader): unknown {
    if (tag === Tag.error) return readError(reader)
    const reference = reader.value() as number
    const value = this.#readObject(tag, reference, reader)
    this.#numbers.set(value, reference)
    return value
  }

  #readObject(tag: number, reference: number, reader: MessageReader): object {
    switch (tag) {
      case Tag.owned:
      case Tag.failure:
        return reader.value() as object
      case Tag.opaque: {
        if (reader.byte() === 0) return new OpaqueValue(undefined)
        const data = reader.value() as string | Uint8Array
        return new OpaqueValue({ data, clientFlags: reader.uint32() })
      }
      case Tag.function: {
        const isBlocking = reader.byte() === 1
        if (isBlocking) return (...args: unknown[]) => this.#functions.callNow(reference, '', args)
        this.#functions.onLaterFunction()
        return (...args: unknown[]) => this.#functions.callLater(reference, args)
      }
      case Tag.serde: {
        const traits = { reference, ...(reader.value() as Omit<SerdeTraits, 'reference'>) }
        // The first serde is the one of the client's options.
        if (this.objects.isEmpty) this.#storedSerde = createStoredSerde(traits.leavesCompressionFlags)
        return createCallerSerde(traits, (number, method, args) => this.#functions.callNow(number, method, args))
      }
      default:
        throw new TypeError(`a message from the caller has the unknown tag ${tag}`)
    }
  }

  #write(value: object | symbol | ((...args: never[]) => unknown), writer: MessageWriter): boolean {
    if (typeof value === 'symbol') return false
    const reference = this.#isLate ? undefined : this.#numbers.get(value)
    if (reference !== undefined) {
      writer.byte(Tag.yours)
      writer.value(reference)
      return true
    }
    if (value instanceof StoredValue) {
      writer.byte(Tag.stored)
      writer.uint32(value.clientFlags)
      writer.bytes(value.data)
      return true
    }
    if (value instanceof Error) {
      writeError(value, writer)
      return true
    }
    if (value instanceof AbortSignal) {
      writer.byte(Tag.signal)
      return true
    }
    if (isPlain(value)) return false
    this.objects.write(value, writer)
    return true
  }
}

function isPlain(value: object): boolean {
  if (Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof Map || value instanceof Set) return true
  if (value instanceof Date) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
