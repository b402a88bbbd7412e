/** Where the worker's program is: beside this file, once it is built. */
const location: { url: URL } = { url: new URL('./sync-worker.mjs', import.meta.url) }

/** The worker's program. */
export function workerUrl(): URL {
  return location.url
}

/**
 * Names another program, for those who run from source.
 *
 * @internal
 */
export function setWorkerUrl(url: URL): void {
  location.url = url
}
