import { onTestFinished } from 'vitest'

/** Collects, until the test has ended, what would end a process: uncaught exceptions and unhandled rejections. */
export function collectCrashes(): unknown[] {
  const crashes: unknown[] = []
  const note = (error: unknown): void => void crashes.push(error)
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  onTestFinished(() => {
    process.off('uncaughtException', note)
    process.off('unhandledRejection', note)
  })
  return crashes
}

/** Some turns of the event loop, so that whatever is due in them has happened. */
export async function turns(count = 5): Promise<void> {
  for (let at = 0; at < count; at++) await new Promise((resolve) => setImmediate(resolve))
}
