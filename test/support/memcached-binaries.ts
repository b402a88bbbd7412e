import { existsSync } from 'node:fs'
import { inject } from 'vitest'
import { environmentName, type FetchedVersion, runsDebianPackages } from './memcached-versions.ts'

/** The binary of a version; throws, and says what to do, when there is none. */
export function memcachedBinary(version: FetchedVersion): string {
  const path = inject('memcachedBinaries')[version]
  if (path !== undefined) return path
  throw new Error(
    `memcached ${version} is not here: node scripts/get-memcached.mjs fetches it; or name one in ${environmentName(version)}`,
  )
}

/** Debian puts it where only root looks. */
export function nutcrackerBinary(): string {
  return existsSync('/usr/sbin/nutcracker') ? '/usr/sbin/nutcracker' : 'nutcracker'
}

/**
 * Why a server cannot run on this machine; undefined where it runs, and where it must: on Debian and Ubuntu everything is
 * to be had, and in CI something that is missing fails its tests.
 */
export function whyNotHere(server: FetchedVersion | 'nutcracker'): string | undefined {
  if (runsDebianPackages() || process.env['CI'] !== undefined) return undefined
  if (server === 'nutcracker') return existsSync(nutcrackerBinary()) ? undefined : 'no twemproxy on this system'
  if (inject('memcachedBinaries')[server] !== undefined) return undefined
  return `no memcached ${server} for this system: name one in ${environmentName(server)}`
}
