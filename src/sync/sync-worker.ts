import { Buffer } from 'node:buffer'
import { workerData } from 'node:worker_threads'
import type { WorkerSetup } from './bridge/worker-session.ts'

// Import nothing else of the package, so that it runs even if a bundler has left the rest out. The caller's thread is blocked
// and gets no event: it reads in shared memory why the worker does not start.
import('./worker-program.ts').then(({ startWorker }) => startWorker()).catch(reportFailure)

function reportFailure(error: unknown): never {
  const { failure } = workerData as WorkerSetup
  const [length, text] = [new Int32Array(failure, 0, 1), new Uint8Array(failure, 4)]
  const reason = Buffer.from(String(error)).subarray(0, text.length)
  text.set(reason)
  Atomics.store(length, 0, reason.length)
  throw error
}
