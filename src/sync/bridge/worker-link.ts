import { Buffer } from 'node:buffer'
import { setImmediate } from 'node:timers'
import { types } from 'node:util'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { ConnectError, ConnectionClosedError, InvalidInputError, MemcacheError, TimeoutError } from '../../errors.ts'
import { messageOf } from '../../message-of.ts'
import { CallerReferences } from './caller-references.ts'
import { createSharedMemory, extraFieldsOf, HeaderField, Mailbox, type SharedMemory, WorkerState } from './channel.ts'
import { readError } from './error-form.ts'
import { MessageReader } from './message-reader.ts'
import { Tag } from './message-tags.ts'
import { type ClientKind, Message, type NumberRange, Request, type Shape } from './protocol.ts'
import { SpinChoice } from './spin-choice.ts'
import type { WorkerSetup } from './worker-session.ts'
import { checkWorkerFile, workerError, workerUrl } from './worker-url.ts'
import { LOOK_MS, WorkerWatchdog } from './worker-watchdog.ts'

/** Time for starting a worker, in milliseconds. */
const START_MS = 30_000

/** Room for the reason of a failed start, in bytes. */
const FAILURE_BYTES = 1024

/** Functions of the client that a link calls. */
export interface LinkOwner {
  /** Returns the handle of an object that stays in the worker. */
  remote(id: number, shape: Shape, link: WorkerLink): unknown
  /** Decodes a value as stored. */
  decode(data: Buffer, clientFlags: number): unknown
  tell(events: readonly (readonly [name: string, event: unknown])[]): void
}

/** Parts of a link. */
export interface LinkInit {
  readonly kind: ClientKind
  readonly keepProcessAlive: boolean
  /** Number of fields that the two threads share besides the header. */
  readonly extraFields: number
  readonly owner: LinkOwner
}

/** Result of a request. */
interface Reply {
  readonly isGood: boolean
  readonly result: unknown
  readonly events: readonly (readonly [name: string, event: unknown])[]
}

/** One worker, as seen by the caller: starts it, sends requests and waits, and answers its calls meanwhile. */
export class WorkerLink {
  readonly references: CallerReferences = new CallerReferences()
  readonly #header: Int32Array
  readonly #owner: LinkOwner
  readonly #worker: Worker
  readonly #program: URL = workerUrl()
  readonly #failure: SharedArrayBuffer = new SharedArrayBuffer(4 + FAILURE_BYTES)
  readonly #ports: readonly MessagePort[]
  readonly #requests: Mailbox
  readonly #messages: Mailbox
  readonly #shapes: Map<number, Shape> = new Map()
  readonly #spin: SpinChoice
  #seen = 0
  #lastCall = 0
  #hasStarted = false
  #hasEnded = false
  /** Whether a function of the caller's runs for which the worker waits blocked. */
  #isBlocking = false
  /**
   * Number of pending requests, and of running functions of the caller's: one of them may have made the next request.
   */
  #requestsOpen = 0
  #callsOpen = 0
  #wasInterrupted = false
  #isWatching = false

  constructor({ kind, keepProcessAlive, extraFields, owner }: LinkInit) {
    this.#owner = owner
    checkWorkerFile(this.#program)
    const memory: SharedMemory = createSharedMemory(extraFields)
    this.#header = new Int32Array(memory.header)
    this.#spin = new SpinChoice(this.#header)
    const requests = new MessageChannel()
    const messages = new MessageChannel()
    this.#requests = new Mailbox(
      this.#header,
      memory.requests,
      requests.port1,
      HeaderField.request,
      HeaderField.requestLength,
    )
    this.#messages = new Mailbox(
      this.#header,
      memory.messages,
      messages.port1,
      HeaderField.message,
      HeaderField.messageLength,
    )
    const failure = this.#failure
    const workerData: WorkerSetup = { memory, requests: requests.port2, messages: messages.port2, kind, failure }
    const transferList = [requests.port2, messages.port2]
    // The process's own `execArgv` does not concern the worker, which runs built code.
    this.#worker = new Worker(this.#program, { workerData, transferList, execArgv: [], name: `memlane ${kind}Sync` })
    this.#worker.on('message', (late: Uint8Array) => this.#onLateEvents(late))
    this.#worker.on('exit', () => {
      this.#hasEnded = true
    })
    // The waiting call, or the next one, reports it.
    this.#worker.on('error', () => undefined)
    if (!keepProcessAlive) this.#worker.unref()
    this.#ports = [requests.port1, messages.port1]
    for (const port of this.#ports) port.unref()
  }

  /** Fields shared by the two threads besides the header. */
  get extraFields(): Int32Array {
    return extraFieldsOf(this.#header)
  }

  /** Whether the worker still takes calls. */
  get isAlive(): boolean {
    return !this.#hasEnded && Atomics.load(this.#header, HeaderField.state) !== WorkerState.ended
  }

  /**
   * Whether the worker can take another request. After an interrupted request, by Ctrl-C in a REPL or the time limit of
   * a `vm`, it cannot: replies could no longer be matched to requests.
   */
  get isUsable(): boolean {
    return this.#hasStarted && this.isAlive && !this.#wasInterrupted && this.#requestsOpen === this.#callsOpen
  }

  /** Whether a function of the caller's runs that must not use the client. */
  get isBlocking(): boolean {
    return this.#isBlocking
  }

  /** Refuses a call by such a function. */
  checkFree(name: string): void {
    if (!this.#isBlocking) return
    throw new InvalidInputError(
      `${name}: a serde, a schema or another function of the options cannot use the client that is calling it`,
    )
  }

  /** Runs a function of the caller's that must not use the client. */
  block<T>(call: () => T): T {
    this.#watch()
    this.#isBlocking = true
    try {
      return call()
    } finally {
      this.#isBlocking = false
    }
  }

  /** Watches for interrupted requests: when the event loop goes on, only an interrupted request can be pending. */
  #watch(): void {
    if (this.#isWatching) return
    this.#isWatching = true
    setImmediate(() => {
      this.#isWatching = false
      if (this.#requestsOpen > 0 || this.#isBlocking) this.#wasInterrupted = true
    }).unref()
  }

  /** Waits for the worker, and has it make the client. Before that the worker is not usable. */
  start(args: readonly unknown[]): void {
    this.#awaitStart()
    this.request(Request.create, 'new', START_MS, [], () => this.references.values(args))
    this.#hasStarted = true
  }

  #awaitStart(): void {
    const deadline = performance.now() + START_MS
    while (Atomics.load(this.#header, HeaderField.state) === WorkerState.starting) {
      const left = deadline - performance.now()
      if (left <= 0) {
        this.end()
        throw new ConnectError(`the worker of the synchronous client did not start within ${START_MS} ms`)
      }
      this.#checkStart()
      Atomics.wait(this.#header, HeaderField.state, WorkerState.starting, Math.min(left, LOOK_MS))
    }
  }

  /** Throws if the worker has reported that its program cannot be loaded. */
  #checkStart(): void {
    const length = Atomics.load(new Int32Array(this.#failure, 0, 1), 0)
    if (length === 0) return
    this.end()
    throw workerError(this.#program, Buffer.from(this.#failure, 4).toString('utf8', 0, length))
  }

  /** Ends the worker. */
  end(): void {
    this.#hasEnded = true
    for (const port of this.#ports) port.close()
    void this.#worker.terminate()
  }

  /**
   * Sends a request, waits for its result, and returns or throws it.
   *
   * @param name - For messages.
   * @param timeoutMs - Time limit that the worker's client keeps by itself.
   * @param numbers - Collects the numbers given to objects meanwhile, except those of requests in between.
   * @param write - Writes the contents of the request.
   */
  request(type: number, name: string, timeoutMs: number, numbers: NumberRange[], write: () => void): unknown {
    const { writer } = this.references
    writer.start()
    writer.byte(type)
    this.#lastCall = (this.#lastCall + 1) % 2 ** 32
    writer.uint32(this.#lastCall)
    this.#number(numbers, () => readable(name, write))
    this.#watch()
    this.#requestsOpen++
    let reply: Reply
    try {
      this.#send()
      reply = this.#awaitReply(this.#lastCall, name, timeoutMs, numbers)
    } finally {
      this.#requestsOpen--
    }
    // Only now: a listener may use the client.
    this.#owner.tell(reply.events)
    if (reply.isGood) return reply.result
    throw reply.result
  }

  /** Records the numbers given to objects while `write` runs, even if it fails. */
  #number(numbers: NumberRange[], write: () => void): void {
    const from = this.references.mark
    try {
      write()
    } finally {
      if (this.references.mark > from) numbers.push([from, this.references.mark])
    }
  }

  #send(): void {
    this.#requests.send(this.references.writer.finish())
    // A worker in its event loop notices messages only.
    if (Atomics.load(this.#header, HeaderField.state) === WorkerState.looping) this.#worker.postMessage(0)
  }

  #awaitReply(id: number, name: string, timeoutMs: number, numbers: NumberRange[]): Reply {
    const watchdog = new WorkerWatchdog(this.#header, timeoutMs)
    const startedAt = performance.now()
    this.#spin.spin(HeaderField.message, this.#seen)
    for (;;) {
      while (!this.#messages.wait(this.#seen, LOOK_MS)) this.#checkAlive(name, watchdog)
      if (!this.#hasMessage()) {
        this.#checkAlive(name, watchdog)
        continue
      }
      const reader = this.#read()
      if (reader.byte() === Message.reply) {
        this.#spin.note(performance.now() - startedAt)
        return this.#readReply(reader, id, name)
      }
      this.#serve(reader, name, numbers)
      watchdog.renew()
    }
  }

  #hasMessage(): boolean {
    return this.#messages.count !== this.#seen
  }

  #read(): MessageReader {
    this.#seen = this.#messages.count
    return new MessageReader(this.#messages.receive(), (tag, reader) => this.#readOwn(tag, reader))
  }

  #checkAlive(name: string, watchdog: WorkerWatchdog): void {
    if (!this.isAlive) {
      this.end()
      throw new ConnectionClosedError(
        `${name}: the worker of the synchronous client has ended; the next call starts another`,
        { delivery: 'unknown' },
      )
    }
    const silentMs = watchdog.silence()
    if (silentMs === undefined) return
    this.end()
    throw new TimeoutError(
      `${name}: the worker of the synchronous client has given no sign of life for ${Math.round(silentMs)} ms; the next call starts another`,
      { delivery: 'unknown' },
    )
  }

  #readReply(reader: MessageReader, id: number, name: string): Reply {
    if (reader.uint32() !== id) throw this.#interrupted(name)
    const isGood = reader.byte() === 1
    return { isGood, result: reader.value(), events: reader.value() as [string, unknown][] }
  }

  /** Ends the worker after an interrupted call: replies can no longer be matched to requests. */
  #interrupted(name: string): ConnectionClosedError {
    this.end()
    return new ConnectionClosedError(
      `${name}: a call that one of its functions made was interrupted; the next call starts another worker`,
      { delivery: 'unknown' },
    )
  }

  /** Calls a function for the worker. */
  #serve(reader: MessageReader, name: string, numbers: NumberRange[]): void {
    const id = reader.uint32()
    const isBlocking = reader.byte() === 1
    const reference = reader.value() as number
    const method = reader.text()
    const args = reader.value() as unknown[]
    let isGood = true
    let result: unknown
    const requestsOpen = this.#requestsOpen
    this.#callsOpen++
    try {
      const call = (): unknown => this.references.call(reference, method, args)
      result = isBlocking ? this.block(call) : call()
      if (types.isPromise(result)) result = refusePromise(result)
    } catch (error) {
      isGood = false
      result = error
    } finally {
      this.#callsOpen--
    }
    if (this.#requestsOpen !== requestsOpen) throw this.#interrupted(name)
    this.#number(numbers, () => {
      try {
        this.#writeResponse(id, isGood, result, isBlocking && method !== 'deserialize')
      } catch (error) {
        // From a proxy or a getter, or lost bytes: the worker waits, so it must get a response.
        const told = error instanceof MemcacheError ? error : new TypeError(messageOf(error))
        this.#writeResponse(id, false, told, false)
      }
    })
    this.#send()
  }

  #writeResponse(id: number, isGood: boolean, result: unknown, isData: boolean): void {
    const { writer } = this.references
    writer.start()
    writer.byte(Request.response)
    writer.uint32(id)
    writer.byte(isGood ? 1 : 0)
    if (isGood) this.references.result(result, isData)
    else this.references.failure(result)
  }

  #readOwn(tag: number, reader: MessageReader): unknown {
    switch (tag) {
      case Tag.error:
        return readError(reader)
      case Tag.yours:
        return this.references.get(reader.value() as number)
      case Tag.remote: {
        const id = reader.uint32()
        const shapeId = reader.uint32()
        const shape = (reader.value() as Shape | undefined) ?? this.#shapes.get(shapeId)!
        this.#shapes.set(shapeId, shape)
        return this.#owner.remote(id, shape, this)
      }
      case Tag.stored: {
        const clientFlags = reader.uint32()
        return this.#owner.decode(reader.bytes(), clientFlags)
      }
      case Tag.signal:
        return new AbortController().signal
      default:
        throw new TypeError(`a message from the worker has the unknown tag ${tag}`)
    }
  }

  #onLateEvents(late: Uint8Array): void {
    const bytes = Buffer.from(late.buffer, late.byteOffset, late.byteLength)
    const reader = new MessageReader(bytes, (tag, inner) => this.#readOwn(tag, inner))
    this.#owner.tell(reader.value() as [string, unknown][])
  }
}

/** Writes the arguments of a call, whose getters and proxies may throw. */
function readable(name: string, write: () => void): void {
  try {
    write()
  } catch (cause) {
    if (cause instanceof MemcacheError) throw cause
    throw new InvalidInputError(`${name}: what it was given cannot be read: ${messageOf(cause)}`, { cause })
  }
}

function refusePromise(promise: Promise<unknown>): never {
  // No call waits for the promise.
  promise.catch(() => undefined)
  throw new InvalidInputError(
    'a function given to a synchronous client gave a promise, which it cannot wait for; give the value itself, or use Memcache',
  )
}
