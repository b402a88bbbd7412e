import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** When, with what and on what: exact versions of clients and servers. */
export function describeRun(clients) {
  const packages = [...new Set(clients.map((client) => client.package))]
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    cpu: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    servers: {
      memcached: versionOf('memcached'),
      ...(clients.some(({ protocol }) => protocol === 'redis') ? { redis: versionOf('redis-server') } : {}),
    },
    versions: Object.fromEntries(packages.map((name) => [name, readVersion(name)])),
    clients: clients.map(({ name, package: from, variant }) => ({ name, package: from, variant })),
  }
}

function versionOf(program) {
  return /\d+\.\d+\.\d+/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[0] ?? 'unknown'
}

function readVersion(name) {
  const path = name === 'memlane' ? '../../../package.json' : `../../node_modules/${name}/package.json`
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version
}
