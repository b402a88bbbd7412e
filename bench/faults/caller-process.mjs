// One client in a process of its own, so that a crash, a leak or a blocked event loop is the client's own. It does what the
// referee asks for, and reports how each call settled.
import { findClient } from './clients.mjs'

/** The referee counts these, not seconds: a process that is not given the processor does not tick. */
const TICK_MS = 100

const state = { opened: [], outcomes: [], scheduled: false, isSync: false }
const ticking = setInterval(() => process.send({ tick: true }), TICK_MS)

const handlers = { open, keys, block, memory, close, leave, echo: () => true }

process.on('disconnect', () => {
  if (!state.leaving) process.exit(0)
})
process.on('message', async ({ id, type, ...input }) => {
  if (type === 'start') return startAll(input)
  try {
    process.send({ id, result: await handlers[type](input) })
  } catch (error) {
    process.send({ id, error: describeError(error) })
  }
})

/** Makes a client; a second one for scenarios with several. */
async function open({ clientName, config }) {
  const { adapter, variant, isSync } = findClient(clientName)
  const module = await import(`./clients/${adapter}.mjs`)
  state.isSync = isSync
  state.opened.push(await module.open({ ...config, variant }))
  return true
}

/** Those of the names that belong to the server that is looked at. */
function keys({ names }) {
  const { keysFor } = state.opened[0]
  return keysFor === undefined ? names : keysFor(names)
}

/** Keeps the event loop from turning. */
function block({ ms }) {
  const end = performance.now() + ms
  while (performance.now() < end);
  return true
}

function memory() {
  global.gc()
  const { heapUsed, external } = process.memoryUsage()
  return { used: heapUsed + external, peak: process.resourceUsage().maxRSS * 1024 }
}

async function close({ which = 0 }) {
  await state.opened[which].close()
  return true
}

/** From now on only the client keeps the process alive. */
function leave() {
  state.leaving = true
  clearInterval(ticking)
  setImmediate(() => process.disconnect())
  return true
}

/** Makes calls: all in one turn, or one each `everyMs`. A synchronous client makes one after the other. */
function startAll({ batch, calls, everyMs, which = 0 }) {
  process.send({ begun: true })
  const client = state.opened[which]
  if (everyMs === undefined) {
    for (const [index, call] of calls.entries()) start(client, batch, index, call)
    return
  }
  let index = 0
  const timer = setInterval(() => {
    start(client, batch, index, calls[index])
    if (++index === calls.length) clearInterval(timer)
  }, everyMs)
}

function start(client, batch, index, [method, ...args]) {
  const settle = (outcome) => report({ batch, index, ...outcome })
  try {
    const result = client[method](...args.map(expand))
    if (!(result instanceof Promise)) settle(describeResult(result))
    else
      result.then(
        (value) => settle(describeResult(value)),
        (error) => settle(describeError(error)),
      )
  } catch (error) {
    settle(describeError(error))
  }
}

/** Long texts are made here: thousands of them would keep the referee busy. */
function expand(argument) {
  return typeof argument?.fill !== 'number' ? argument : 'x'.repeat(argument.fill)
}

function describeResult(value) {
  if (value === undefined || value === null) return { kind: 'miss' }
  return { kind: 'value', value: typeof value === 'function' ? `[function ${value.name}]` : value }
}

function describeError(error) {
  if (!(error instanceof Error)) return { kind: 'error', message: String(error) }
  const { name, message, code, delivery } = error
  return { kind: 'error', name, message: String(message).slice(0, 300), code: String(code), delivery }
}

/** Outcomes of one turn travel together; those of a synchronous client at once, as there is no turn between. */
function report(outcome) {
  state.outcomes.push(outcome)
  if (state.isSync) return sendOutcomes()
  if (state.scheduled) return
  state.scheduled = true
  setImmediate(sendOutcomes)
}

function sendOutcomes() {
  state.scheduled = false
  const outcomes = state.outcomes
  state.outcomes = []
  if (process.connected) process.send({ outcomes })
}
