import { EventEmitter } from 'node:events'

/** Messages of the caller. */
export const Request = {
  /** Makes the client: servers and options. */
  create: 0,
  call: 1,
  /** Result of a function of the caller's. */
  response: 2,
} as const

/** Messages of the worker. */
export const Message = {
  /** Result of a call, and the events since the last one. */
  reply: 1,
  /** Call of a function of the caller's. */
  callback: 2,
} as const

/** Commands that may have been written before they reach the worker, and the position of the options of each. */
export const OPTIONS_AT: Readonly<Record<string, number>> = {
  get: 1,
  gets: 1,
  getMany: 1,
  getsMany: 1,
  set: 2,
  add: 2,
  replace: 2,
  append: 2,
  prepend: 2,
  cas: 3,
  delete: 1,
  incr: 2,
  decr: 2,
}

/** Kind of call on a target. */
export const CallMode = {
  method: 0,
  get: 1,
  /** Read whose values are decoded by the caller afterwards. */
  stored: 2,
  /** Subscription to an event. */
  listen: 3,
} as const

/** Numbers of the caller's objects: those above `from`, up to `to`. */
export type NumberRange = readonly [from: number, to: number]

/** Kinds of clients. */
export type ClientKind = 'Memcache' | 'MetaClient'

/** Methods and getters of a remote object, sent with the first of its kind. */
export interface Shape {
  readonly methods: readonly string[]
  readonly getters: readonly string[]
}

/** Returns the names of the methods and getters of a class, inherited ones too. */
export function shapeOf(prototype: object): Shape {
  const methods: string[] = []
  const getters: string[] = []
  for (let at: object | null = prototype; at !== null && !FOREIGN.has(at); at = Object.getPrototypeOf(at)) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (name === 'constructor') continue
      if (typeof property.value === 'function') methods.push(name)
      else if ('get' in property && property.get !== undefined) getters.push(name)
    }
  }
  return { methods, getters }
}

const FOREIGN: ReadonlySet<object> = new Set<object>([Object.prototype, EventEmitter.prototype])
