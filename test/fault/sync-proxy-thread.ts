// Fault proxies in a thread of their own: the thread of the tests is blocked while a call is made.
import { parentPort } from 'node:worker_threads'
import { FaultProxy } from '../../src/testing/fault-proxy.ts'

const proxies: FaultProxy[] = []

parentPort!.on(
  'message',
  ({ done, act }: { done: Int32Array; act: [index: number, name: string, args: unknown[]] }) => {
    const [index, name, args] = act
    const finish = (value: number): void => {
      Atomics.store(done, 0, value)
      Atomics.notify(done, 0)
    }
    if (name === 'start') {
      void FaultProxy.start(args[0] as string).then((proxy) => {
        proxies[index] = proxy
        finish(proxy.port)
      })
      return
    }
    const proxy = proxies[index]!
    if (name === 'inject') {
      // Bytes that nobody asked for, behind whatever the server says next.
      const [text] = args as [string]
      let isLeft = true
      proxy.set('toClient', {
        transform: (chunk) => {
          if (!isLeft) return chunk
          isLeft = false
          return Buffer.concat([chunk, Buffer.from(text)])
        },
      })
      return finish(1)
    }
    ;(proxy as unknown as Record<string, (...args: unknown[]) => unknown>)[name]!(...args)
    finish(1)
  },
)
