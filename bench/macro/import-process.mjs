// Loads one client, named or as the address of a module, and prints what that took: CPU of all threads, and time.
import { performance } from 'node:perf_hooks'

const MODULES = {
  memlane: new URL('../../dist/index.mjs', import.meta.url).href,
  'valkey-glide': '@valkey/valkey-glide',
}

const name = process.argv[2]
const before = process.cpuUsage()
const startedAt = performance.now()
await import(MODULES[name] ?? name)
const tookMs = performance.now() - startedAt
const { user, system } = process.cpuUsage(before)
process.stdout.write(JSON.stringify({ cpuMicros: user + system, tookMs }))
process.exit(0)
