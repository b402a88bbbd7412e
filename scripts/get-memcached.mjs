// The memcached versions that the tests run against besides the installed one: each is taken from the Debian suite that
// has it, unpacked into node_modules/.cache and started through its own loader. Nothing is installed.
// As a program: `node scripts/get-memcached.mjs` fetches what is missing and prints the variables that name the binaries.
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { giveUp, root } from './setup.mjs'

/** The suite of Debian that carries a version. test/support/memcached-versions.ts lists the same versions. */
const SUITES = { '1.6.9': 'bullseye', '1.6.38': 'trixie', '1.6.45': 'forky' }

/** Where test/support/memcached-versions.ts looks. */
const CACHE = join(root, 'node_modules', '.cache', 'memlane')

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** What memcached loads; its other dependencies (adduser, lsb-base …) are for installed packages. */
const LOADED = /^(?:memcached|zlib1g|lib(?:c6|crypt1|db5|event|gcc-s1|lua|sasl2|ssl|stdc|zstd1).*)$/

/** `MEMLANE_MEMCACHED_1_6_38` for 1.6.38. */
export function environmentName(version) {
  return `MEMLANE_MEMCACHED_${version.replaceAll('.', '_')}`
}

/** Whether the binaries run here: the packages are Debian's, for x86-64. */
export function canFetch() {
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync('/etc/os-release')) return false
  return /^ID(?:_LIKE)?=.*\b(?:debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
}

/**
 * Makes every version available: named by its variable already, in the cache, or fetched now.
 *
 * @returns the paths, by variable.
 * @throws Error - A version cannot be fetched; the message says what apt-get said.
 */
export function getMemcachedBinaries() {
  return Object.fromEntries(
    Object.entries(SUITES).map(([version, suite]) => {
      const named = process.env[environmentName(version)]
      return [environmentName(version), named ?? fetchVersion(version, suite)]
    }),
  )
}

/** The versions that no variable names, by the variable that could. */
export function missingBinaries() {
  const versions = Object.keys(SUITES).map((version) => [environmentName(version), version])
  return versions.filter(([name]) => process.env[name] === undefined)
}

function fetchVersion(version, suite) {
  const folder = join(CACHE, `memcached-${version}`)
  const launcher = join(folder, 'memcached')
  if (existsSync(launcher)) return launcher
  mkdirSync(CACHE, { recursive: true })
  process.stdout.write(`fetching memcached ${version} from Debian ${suite} … `)
  // Another run may do the same: the folder appears complete or not at all.
  const temporary = mkdtempSync(join(CACHE, 'fetch-'))
  try {
    unpack(suite, temporary)
    writeLauncher(temporary)
    console.log(`done (${tellVersion(join(temporary, 'memcached'), version, suite)})`)
    if (!existsSync(launcher)) renameSync(temporary, folder)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
  return launcher
}

/** Downloads the packages with an apt of our own, which knows one suite and believes that nothing is installed. */
function unpack(suite, folder) {
  for (const name of ['lists/partial', 'cache/archives/partial', 'root'])
    mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, 'status'), '')
  writeFileSync(join(folder, 'sources.list'), `deb [signed-by=${KEYRING}] ${mirror()} ${suite} main\n`)
  const options = [
    `Dir::State::status=${folder}/status`,
    `Dir::Etc::SourceList=${folder}/sources.list`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${folder}/lists`,
    `Dir::Cache=${folder}/cache`,
    'APT::Sandbox::User=root',
    'APT::Architecture=amd64',
    'Acquire::Retries=3',
  ].flatMap((option) => ['-o', option])
  capture('apt-get', [...options, 'update', '-qq', '--error-on=any'], folder)
  capture('apt-get', [...options, 'download', '-qq', ...packages(options, folder)], folder)
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.deb'))) {
    capture('dpkg', ['-x', join(folder, name), join(folder, 'root')], folder)
    rmSync(join(folder, name))
  }
  for (const name of ['lists', 'cache']) rmSync(join(folder, name), { recursive: true })
}

function packages(options, folder) {
  const without = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
    (what) => `--no-${what}`,
  )
  const lines = capture('apt-cache', [...options, 'depends', '--recurse', ...without, 'memcached'], folder).split('\n')
  return lines.filter((line) => LOADED.test(line))
}

/** The Debian mirror that this machine uses, or everybody's. */
function mirror() {
  if (!existsSync(KEYRING)) throw new Error(`${KEYRING} is missing: apt-get install debian-archive-keyring`)
  const folder = '/etc/apt/sources.list.d'
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
  const text = ['/etc/apt/sources.list', ...files].filter(existsSync).map((file) => readFileSync(file, 'utf8'))
  return (
    /^(?:URIs:|deb(?: \[[^\]]*\])?) +(https?:\/\/\S+\/debian)\/?(?:\s|$)/m.exec(text.join('\n'))?.[1] ??
    'http://deb.debian.org/debian'
  )
}

/** Its libraries lie beside it: the machine's own loader would mix them with other versions. */
function writeLauncher(folder) {
  const loader = ['usr/lib', 'lib']
    .map((part) => `root/${part}/x86_64-linux-gnu/ld-linux-x86-64.so.2`)
    .find((path) => existsSync(join(folder, path)))
  if (loader === undefined) throw new Error('the package libc6 has no loader where it is looked for')
  const libraries = '$here/root/usr/lib/x86_64-linux-gnu:$here/root/lib/x86_64-linux-gnu'
  const start = `exec "$here/${loader}" --library-path "${libraries}" "$here/root/usr/bin/memcached" "$@"`
  writeFileSync(join(folder, 'memcached'), `#!/bin/sh\nhere=$(dirname "$0")\n${start}\n`, { mode: 0o755 })
}

/** Debian's suites move on: a newer version stands in for the one that was asked for, and says so. */
function tellVersion(launcher, version, suite) {
  const found = capture(launcher, ['-V'], '/').trim()
  return found === `memcached ${version}` ? found : `${suite} has ${found} now, which stands in for ${version}`
}

function capture(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 })
  if (status === 0) return stdout
  throw new Error(`${command} ${args.at(-1)} failed: ${error?.message ?? (stderr || stdout)}`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (!canFetch()) giveUp('memcached binaries can be fetched on Debian and Ubuntu, x86-64, only.')
  for (const [name, path] of Object.entries(getMemcachedBinaries())) console.log(`${name}=${path}`)
}
