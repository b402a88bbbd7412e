// The programs that the tests talk to: installed with apt-get where that may be, named otherwise.
import { spawnSync } from 'node:child_process'
import { canFetch, getMemcachedBinaries, missingBinaries } from './get-memcached.mjs'
import { giveUp, has, step } from './setup.mjs'

/** Without these no test runs: the servers and certificates are made with them. */
const PROGRAMS = ['memcached', 'openssl']

/** Debian packages of a proxy and of the clients in other languages. */
const PACKAGES = [
  'nutcracker',
  'python3-pymemcache',
  'python3-pylibmc',
  'python3-memcache',
  'ruby',
  'ruby-dalli',
  'php-cli',
  'php-memcached',
]

/** Installs what the tests need; ends the process, and says what to do, where it cannot. */
export function installPrograms() {
  const missing = [...PROGRAMS.filter((program) => !has(program)), ...(canFetch() ? missingPackages() : [])]
  if (missing.length === 0) return
  const sudo = rootPrefix()
  if (sudo === undefined || !hasAptGet()) {
    giveUp(
      `The tests need ${missing.join(' and ')}. Install with one of\n` +
        `  apt-get install ${missing.join(' ')}\n  dnf install ${missing.join(' ')}\n` +
        `  apk add ${missing.join(' ')}\n  brew install ${missing.join(' ')}`,
    )
  }
  aptGet(sudo, missing)
}

/** Installs Debian packages; returns whether that may be done here. */
export function installPackages(names) {
  const sudo = rootPrefix()
  if (sudo === undefined || !hasAptGet()) return false
  aptGet(sudo, names)
  return true
}

function aptGet(sudo, names) {
  const [command, ...args] = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get']
  const quietly = ['install', '-y', '-qq', '--no-install-recommends']
  step('refreshing the package lists with apt-get', command, [...args, 'update', '-qq'])
  step(`installing ${names.join(', ')} with apt-get`, command, [...args, ...quietly, ...names])
}

/** The memcached versions besides the installed one. Where Debian's do not run: says which tests that leaves out. */
export function installMemcachedVersions() {
  if (!canFetch()) return sayWhatIsMissing()
  try {
    Object.assign(process.env, getMemcachedBinaries())
  } catch (error) {
    giveUp(`${error.message}\n\nThe tests need other versions of memcached than the installed one.`)
  }
}

function sayWhatIsMissing() {
  const missing = missingBinaries()
  for (const [name, version] of missing) {
    console.log(`No memcached ${version} for this system: its tests cannot run. ${name}=/path/to/memcached names one.`)
  }
  console.log(
    'Debian and Ubuntu, x86-64, get all servers and clients by themselves; elsewhere some tests are left out.',
  )
}

function missingPackages() {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills it in.
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...PACKAGES], {
    encoding: 'utf8',
  })
  const installed = new Set((stdout ?? '').split('\n'))
  return PACKAGES.filter((name) => !installed.has(`${name} installed`))
}

function hasAptGet() {
  return spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0
}

/** How to run a command as root; undefined when this user may not. */
function rootPrefix() {
  if (process.getuid?.() === 0) return []
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined
}
