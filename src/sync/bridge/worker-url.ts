import { statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { ConnectError } from '../../errors.ts'
import { markCallError } from './error-form.ts'

/** Path of the worker's program: beside this file once built, and beside a bundle with this file in it. */
const PROGRAM = './sync-worker.mjs'

const location: { url: URL | undefined } = { url: undefined }

/** Returns the URL of the worker's program. */
export function workerUrl(): URL {
  location.url ??= new URL(PROGRAM, baseUrl())
  return location.url
}

/**
 * Sets another program, for running from source.
 *
 * @internal
 */
export function setWorkerUrl(url: URL): void {
  location.url = url
}

/** Throws `ConnectError` if the program is missing: the caller would wait in vain for a thread without a program. */
export function checkWorkerFile(url: URL): void {
  if (url.protocol === 'file:' && isMissing(url)) throw workerError(url, 'there is no such file')
}

/** Makes the error for a program that cannot be run. */
export function workerError(url: URL, reason: string): ConnectError {
  return markCallError(
    new ConnectError(
      `the worker of the synchronous client cannot run ${url.href}: ${reason}. If a bundler has made this program, keep memlane out of the bundle, or have memlane/dist/sync-worker.mjs bundled to that file as an ES module: docs/sync.md shows how`,
    ),
  )
}

function isMissing(url: URL): boolean {
  try {
    return statSync(url, { throwIfNoEntry: false }) === undefined
  } catch {
    // Reading the file is not allowed, on Deno without --allow-read for example: the thread will report it.
    return false
  }
}

/** Returns the URL of this file. Bundlers that write CommonJS leave `import.meta` empty, but there is `__filename`. */
function baseUrl(): string {
  // Written out: builds replace these words with the URL of the file.
  const url: string | undefined = (import.meta as Partial<ImportMeta>).url
  return url ?? pathToFileURL(__filename).href
}
