// Fault proxies in a thread of their own: the thread of the tests is blocked while a call is made.
import { parentPort } from 'node:worker_threads'
import { FaultProxy } from '../../src/testing/fault-proxy.ts'
import { type Mishap, Recorder } from './sync-recorder.ts'

/** What the tests ask for, and where they wait for the answer. */
interface Act {
  readonly done: Int32Array
  readonly index: number
  readonly name: string
  readonly args: readonly unknown[]
}

const proxies: FaultProxy[] = []
const recorders: Recorder[] = []

parentPort!.on('message', (act: Act) => void answer(act))

async function answer(act: Act): Promise<void> {
  // Zero would mean that nothing has been done yet.
  Atomics.store(act.done, 0, (await carryOut(act)) + 1)
  Atomics.notify(act.done, 0)
}

async function carryOut({ index, name, args }: Act): Promise<number> {
  if (name === 'start') {
    proxies[index] = await FaultProxy.start(args[0] as string)
    return proxies[index].port
  }
  const proxy = proxies[index]!
  if (name === 'connections') return proxy.connections
  if (name === 'passOn') {
    // One piece leaves in each turn.
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
    return 1
  }
  if (name === 'record') {
    recorders[index] = new Recorder(proxy)
    return 1
  }
  if (name === 'arm' || name === 'disarm' || name === 'takeAnswers') return askRecorder(recorders[index]!, name, args)
  if (name === 'inject') once(proxy, 'toClient', (chunk) => Buffer.concat([chunk, Buffer.from(args[0] as string)]))
  else if (name === 'replace') once(proxy, 'toClient', () => Buffer.from(args[0] as string))
  else if (name === 'lose') once(proxy, 'toServer', () => Buffer.alloc(0))
  else if (name === 'resetIn') setTimeout(() => proxy.reset(), args[0] as number)
  else (proxy as unknown as Record<string, (...args: readonly unknown[]) => unknown>)[name]!(...args)
  return 1
}

async function askRecorder(recorder: Recorder, name: string, [mishap]: readonly unknown[]): Promise<number> {
  if (name === 'takeAnswers') return recorder.takeAnswers()
  await (name === 'arm' ? recorder.arm(mishap as Mishap) : recorder.disarm())
  return 1
}

/** Changes the next chunk, and no other. */
function once(proxy: FaultProxy, direction: 'toClient' | 'toServer', change: (chunk: Buffer) => Buffer): void {
  let isLeft = true
  proxy.set(direction, {
    transform: (chunk) => {
      if (!isLeft) return chunk
      isLeft = false
      return change(chunk)
    },
  })
}
