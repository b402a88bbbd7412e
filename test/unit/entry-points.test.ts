import { execFile } from 'node:child_process'
import { cp, mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, inject, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>
}

const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest
const names = Object.keys(manifest.exports)
  .filter((path) => path !== './package.json')
  .map((path) => `memlane${path.slice(1)}`)

/** Hosts of adapters. */
const HOSTS = [
  '@fastify/rate-limit',
  '@fastify/session',
  'bentocache',
  'express-rate-limit',
  'express-session',
  'hono-rate-limiter',
  'keyv',
  'next',
  'rate-limiter-flexible',
  'unstorage',
]

describe('the entry points', () => {
  const folder = join(inject('temporaryFolder'), 'without-hosts')

  beforeAll(async () => {
    const copy = join(folder, 'node_modules', 'memlane')
    await mkdir(copy, { recursive: true })
    await cp(join(root, 'package.json'), join(copy, 'package.json'))
    await cp(join(root, 'dist'), join(copy, 'dist'), { recursive: true })
  })

  const run = async (...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder })
    return stdout.trim()
  }

  it.each(names)('%s is imported in a folder without any host', async (name) => {
    const code = `const all = await import(${JSON.stringify(name)}); console.log(Object.keys(all).length > 0)`
    expect(await run('--input-type=module', '--eval', code)).toBe('true')
  })

  it.each(names)('%s is required in a folder without any host', async (name) => {
    const code = `console.log(Object.keys(require(${JSON.stringify(name)})).length > 0)`
    expect(await run('--input-type=commonjs', '--eval', code)).toBe('true')
  })

  it.each(HOSTS)('%s is an optional peer in any version: a project with an older one can install memlane', (host) => {
    expect(manifest.peerDependencies[host]).toBe('*')
    expect(manifest.peerDependenciesMeta[host]).toEqual({ optional: true })
  })
})
