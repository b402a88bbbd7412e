/** Frame of a public method, the last one before those of the caller. */
const METHOD = /\bat (?:async )?_?(?:Mock)?(?:Memcache|MetaClient|Namespace|CommandPipeline)\./

/** Most frames of memlane above that of the caller. */
const OWN_FRAMES = 12

/** Frames that are captured: those, and as many of the caller's as an error has. */
const FRAMES = OWN_FRAMES + 10

/** Place where a call was made. The text is made when it is read. */
export interface CallerStack {
  readonly stack: string
}

/** Notes where a call is made. */
export function captureCaller(): CallerStack {
  const caller = { stack: '' }
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = FRAMES
  Error.captureStackTrace(caller, captureCaller)
  Error.stackTraceLimit = limit
  return caller
}

/** Puts the frames of the caller below those of an error. */
export function addCaller(error: Error, { stack }: CallerStack): void {
  const frames = stack.split('\n').slice(1)
  const last = frames.slice(0, OWN_FRAMES).findLastIndex((frame) => METHOD.test(frame))
  error.stack = [error.stack, '  called from:', ...frames.slice(last + 1)].join('\n')
}
