// Forwards connections to a server, in a thread of its own: the thread of the tests is blocked while a call is made.
import { connect, createServer } from 'node:net'
import { parentPort } from 'node:worker_threads'

parentPort.on('message', ({ counts, target }) => {
  const counter = new Int32Array(counts)
  const server = createServer((near) => {
    Atomics.add(counter, 1, 1)
    Atomics.add(counter, 2, 1)
    const far = connect(target)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      from.setNoDelay(true)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
    near.once('close', () => Atomics.sub(counter, 2, 1))
  })
  server.listen(0, '127.0.0.1', () => {
    Atomics.store(counter, 0, server.address().port)
    Atomics.notify(counter, 0)
  })
})
