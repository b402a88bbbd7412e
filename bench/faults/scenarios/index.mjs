import input from './input.mjs'
import limits from './limits.mjs'
import outages from './outages.mjs'
import replies from './replies.mjs'
import security from './security.mjs'
import several from './several.mjs'

/**
 * All scenarios as data. `name`, `group`, `title`, `expects` (words for the table), `play` (what happens, and how it is judged).
 * `protocols`: which clients have a counterpart (all by default); `needs`: features of a client without which it is marked `–`.
 * `place`: what the client talks to: `server` (the default), `interceptor` (a server behind a proxy that knows replies), `script`
 * (a socket with `script`), `silent`, `none`. `count`: how many of them. `args`, `login`, `tls`: of the servers. `patient`: no
 * call has to end by itself. `quick`: a part of `--quick`. `known`: by client, why it does not hold.
 */
export const SCENARIOS = [...input, ...outages, ...replies, ...several, ...limits, ...security]

/** The scenario of this name; throws an error that lists the names. */
export function findScenario(name) {
  const found = SCENARIOS.find((scenario) => scenario.name === name)
  if (found === undefined)
    throw new Error(`no scenario "${name}"; there are ${SCENARIOS.map((one) => one.name).join(', ')}`)
  return found
}

/** Why a client takes no part in a scenario; undefined if it does. */
export function reasonToLeaveOut({ needs = [], protocols }, { features, protocol }) {
  const lacking = needs.filter((feature) => !features.includes(feature))
  if (lacking.length > 0) return `has no ${lacking.map((name) => WORDS[name]).join(', ')}`
  if (protocols !== undefined && !protocols.includes(protocol)) return 'has no counterpart in its protocol'
  return undefined
}

const WORDS = {
  several: 'sharding over several servers',
  members: 'servers that come and go',
  cas: 'check and set',
  tls: 'TLS',
  login: 'login',
  batch: 'reads of several keys in one call',
  version: 'version command',
}
