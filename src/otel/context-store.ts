import type { AsyncLocalStorage } from 'node:async_hooks'
import type { OtelApi } from './api.ts'

/** As much of `AsyncLocalStorage` as a channel uses of the stores that are bound to it: `withScope` from Node 26 on. */
export interface ContextStore extends Pick<AsyncLocalStorage<object>, 'run'> {
  withScope(context: object): Disposable
}

/**
 * Returns a store that makes the contexts it is given the active ones of the API, whatever its context manager is.
 */
export function contextStore(api: OtelApi): ContextStore {
  return {
    run: <R>(context: object, run: (...args: never[]) => R, ...args: never[]): R =>
      api.context.with(context, () => run(...args)),
    // The API has no scopes: they are those of the context manager's own store.
    withScope: (context) => scopeOf(api)?.withScope(context) ?? { [Symbol.dispose]() {} },
  }
}

/** The `AsyncLocalStorage` of the context manager of OpenTelemetry's own packages, where it has scopes. */
function scopeOf({ context }: OtelApi): Pick<ContextStore, 'withScope'> | undefined {
  const getManager = member(context, '_getContextManager')
  if (typeof getManager !== 'function') return undefined
  const store = member(getManager.call(context), '_asyncLocalStorage')
  return hasScopes(store) ? store : undefined
}

function hasScopes(store: unknown): store is Pick<ContextStore, 'withScope'> {
  return typeof member(store, 'withScope') === 'function'
}

function member(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined
}
