import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { type Certificates, createCertificates } from './certificates.ts'
import { environmentName, type FetchedVersion, findMemcachedBinaries } from './memcached-versions.ts'
import { killLeftovers } from './process-registry.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A folder that lives as long as the run: sockets, login files, pid files. */
    temporaryFolder: string
    /** PEM files made for this run. */
    certificates: Certificates
    /** Paths of the memcached binaries besides the installed one, by version. */
    memcachedBinaries: Partial<Record<FetchedVersion, string>>
    /** What the installed memcached calls itself: `1.6.18`. */
    installedMemcached: string
  }
}

const needed = [
  { command: 'memcached', argument: '-V', install: 'apt-get install memcached  (macOS: brew install memcached)' },
  { command: 'openssl', argument: 'version', install: 'apt-get install openssl  (macOS: brew install openssl)' },
]

/** Runs once, before all test files: checks the tools, makes the certificates; afterwards ends what is left. */
export default function setup(project: TestProject): () => void {
  requireTools()
  const folder = mkdtempSync(join(tmpdir(), 'memlane-test-'))
  mkdirSync(join(folder, 'pids'))
  project.provide('temporaryFolder', folder)
  project.provide('certificates', createCertificates(folder))
  const binaries = findMemcachedBinaries()
  project.provide('memcachedBinaries', binaries)
  // For programs that tests start.
  for (const [version, path] of Object.entries(binaries)) process.env[environmentName(version as FetchedVersion)] = path
  project.provide('installedMemcached', installedMemcached())
  return () => {
    killLeftovers(join(folder, 'pids'))
    rmSync(folder, { recursive: true, force: true })
  }
}

function requireTools(): void {
  const missing = needed.filter((tool) => !runs(tool.command, tool.argument))
  if (missing.length === 0) return
  const lines = missing.map((tool) => `  ${tool.command}: ${tool.install}`)
  throw new Error(`The tests need programs that are not installed here:\n${lines.join('\n')}`)
}

function installedMemcached(): string {
  const answer = execFileSync('memcached', ['-V'], { encoding: 'utf8' })
  return /\d+\.\d+\.\d+/.exec(answer)?.[0] ?? answer.trim()
}

function runs(command: string, argument: string): boolean {
  try {
    execFileSync(command, [argument], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
