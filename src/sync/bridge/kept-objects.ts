import { Tag } from './message-tags.ts'
import type { MessageWriter } from './message-writer.ts'
import { shapeOf } from './protocol.ts'

/** Objects that stay in the worker and are called by number: the client, 0, and objects made by it. */
export class KeptObjects {
  readonly #objects: Map<number, object> = new Map()
  readonly #numbers: WeakMap<object, number> = new WeakMap()
  #last = 0
  readonly #shapes: Map<string, number> = new Map()
  readonly #shapeNumbers: WeakMap<object, number> = new WeakMap()

  /** Whether there is no client yet. */
  get isEmpty(): boolean {
    return this.#objects.size === 0
  }

  keepClient(client: object): void {
    this.#objects.set(0, client)
  }

  get(number: number): Record<string, unknown> {
    return this.#objects.get(number) as Record<string, unknown>
  }

  /** Forgets an object that the caller no longer has. */
  release(number: number): void {
    this.#objects.delete(number)
  }

  /** Writes the number of an object, and its shape with the first of its kind. */
  write(object: object, writer: MessageWriter): void {
    let number = this.#numbers.get(object)
    if (number === undefined) {
      number = ++this.#last
      this.#numbers.set(object, number)
    }
    this.#objects.set(number, object)
    writer.byte(Tag.remote)
    writer.uint32(number)
    this.#writeShape(object, writer)
  }

  #writeShape(object: object, writer: MessageWriter): void {
    const known = this.#shapeNumbers.get(object)
    if (known !== undefined) {
      writer.uint32(known)
      return writer.value(undefined)
    }
    const shape = shapeOf(object)
    const name = JSON.stringify(shape)
    const number = this.#shapes.get(name) ?? this.#shapes.size
    writer.uint32(number)
    writer.value(this.#shapes.has(name) ? undefined : { ...shape })
    this.#shapes.set(name, number)
    this.#shapeNumbers.set(object, number)
  }
}
