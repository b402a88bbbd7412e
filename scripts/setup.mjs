// What both `npm start` and `npm test` need first: the right Node, the packages, the build.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const OLDEST_NODE = [20, 19]
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'

/** Ends the process with a message that says what to do. */
export function giveUp(message) {
  console.error(`\n${message}`)
  process.exit(1)
}

/** Runs a command quietly, under one line of progress; shows its output only when it fails. */
export function step(text, command, args) {
  process.stdout.write(`${text} … `)
  const started = performance.now()
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  if (status === 0) {
    console.log(`done (${((performance.now() - started) / 1000).toFixed(1)} s)`)
    return
  }
  console.log('failed')
  giveUp(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\n${command} ${args.join(' ')} failed.`)
}

/** Runs a command in the foreground; gives its exit code. */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options })
    child.on('error', (error) => giveUp(`${command}: ${error.message}`))
    child.on('exit', (code, signal) => resolve(code ?? (signal === null ? 0 : 1)))
  })
}

/** Runs an npm script in the foreground; gives its exit code. */
export const runScript = (name) => run(npm, ['run', '--silent', name])

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return
  giveUp(`memlane needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.version}.`)
}

/** Installs the packages of a folder when they are missing, or the lock file has changed since. */
export function install(folder = root, name = 'packages') {
  const stamp = join(folder, 'node_modules', '.memlane-lock-hash')
  const hash = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  step(`installing the ${name}`, npm, ['ci', '--no-audit', '--no-fund', '--prefix', folder])
  writeFileSync(stamp, hash)
}

/** Builds when the build is missing or older than a source. */
export function build() {
  const built = join(root, 'dist', 'testing.cjs')
  const sources = [...filesBelow(join(root, 'src')), join(root, 'tsdown.config.ts'), join(root, 'package.json')]
  const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs))
  if (existsSync(built) && statSync(built).mtimeMs > newest) return
  step('building', npm, ['run', '--silent', 'build'])
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesBelow(path) : [path]
  })
}

/** Whether a program is on the PATH. */
export function has(program) {
  return spawnSync(program, [program === 'openssl' ? 'version' : '-V'], { stdio: 'ignore' }).error === undefined
}
