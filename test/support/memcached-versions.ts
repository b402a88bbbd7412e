import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The versions that scripts/get-memcached.mjs fetches. */
export const fetchedVersions = ['1.6.9', '1.6.38', '1.6.45'] as const

/** A memcached besides the installed one. */
export type FetchedVersion = (typeof fetchedVersions)[number]

const cache = join(dirname(fileURLToPath(import.meta.url)), '../../node_modules/.cache/memlane')

/** The variable that names the binary of a version: `MEMLANE_MEMCACHED_1_6_38`. */
export function environmentName(version: FetchedVersion): string {
  return `MEMLANE_MEMCACHED_${version.replaceAll('.', '_')}`
}

/** The binaries that are here, by version: what the variables name, else what lies in the cache. */
export function findMemcachedBinaries(): Partial<Record<FetchedVersion, string>> {
  const found: Partial<Record<FetchedVersion, string>> = {}
  for (const version of fetchedVersions) {
    const path = process.env[environmentName(version)] ?? join(cache, `memcached-${version}`, 'memcached')
    if (existsSync(path)) found[version] = path
  }
  return found
}

/** Whether Debian's packages run here, so that nothing may be missing: the same answer as in scripts/get-memcached.mjs. */
export function runsDebianPackages(): boolean {
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync('/etc/os-release')) return false
  return /^ID(?:_LIKE)?=.*\b(?:debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
}
