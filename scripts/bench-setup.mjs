// What npm run bench and npm run faults need first: the rivals, and a build of memlane.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bench = join(root, 'bench')

/** Installs the rivals and builds memlane where that is needed, then runs a program of `bench` with the arguments of this one. */
export function runInBench(...path) {
  if (!existsSync(join(root, 'node_modules'))) run('npm', ['ci', '--loglevel=error'], root)
  if (isInstallNeeded()) run('npm', ['ci', '--loglevel=error'], bench)
  if (isBuildNeeded()) run('npm', ['run', 'build', '--silent'], root)
  run(process.execPath, [join(bench, ...path), ...process.argv.slice(2)], root)
}

function isInstallNeeded() {
  const installed = join(bench, 'node_modules', '.package-lock.json')
  return !existsSync(installed) || modifiedAt(installed) < modifiedAt(join(bench, 'package-lock.json'))
}

function isBuildNeeded() {
  const built = join(root, 'dist', 'index.mjs')
  if (!existsSync(built)) return true
  const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
  return sources.some((entry) => entry.isFile() && modifiedAt(join(entry.path, entry.name)) > modifiedAt(built))
}

function modifiedAt(path) {
  return statSync(path).mtimeMs
}

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' })
  if (error !== undefined) console.error(`${command}: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}
