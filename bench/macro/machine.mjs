import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { CLIENTS } from './options.mjs'

/** Adapters that stand for no package of their own. */
const NO_PACKAGES = new Set(['memlane', 'raw', 'ioredis-plain'])
const PACKAGES = { 'valkey-glide': '@valkey/valkey-glide' }

/** What the figures were taken on and with. */
export function describeMachine({ memcached, redis }, python) {
  const processors = cpus()
  return {
    date: new Date().toISOString(),
    node: process.version,
    memcached,
    ...(redis === undefined ? {} : { redis }),
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    versions: { ...javascriptVersions(), ...pythonVersions(python) },
  }
}

export function describeInOneLine({ cpu, cores, node, memcached }) {
  return `${cpu}, ${cores} cores · Node ${node.slice(1)} · memcached ${memcached} (-t 1), loopback`
}

function javascriptVersions() {
  const rivals = CLIENTS.filter((name) => !NO_PACKAGES.has(name))
  const entries = rivals.map((name) => [name, readVersion(`../node_modules/${PACKAGES[name] ?? name}/package.json`)])
  return { memlane: readVersion('../../package.json'), ...Object.fromEntries(entries) }
}

function readVersion(path) {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version
}

function pythonVersions(python) {
  return Object.fromEntries(Array.from(python, ([name, { version }]) => [name, version]))
}
