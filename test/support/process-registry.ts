import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const running = new Map<number, string>()
let hooked = false

/** Remembers a process that this run started, so that it ends whatever happens to the test or its worker. */
export function registerProcess(pid: number, pidFolder: string): void {
  const file = join(pidFolder, String(pid))
  writeFileSync(file, '')
  running.set(pid, file)
  if (hooked) return
  hooked = true
  process.on('exit', () => {
    for (const each of running.keys()) killProcess(each)
  })
}

/** The process has ended: its number may belong to somebody else now. */
export function forgetProcess(pid: number): void {
  const file = running.get(pid)
  running.delete(pid)
  if (file !== undefined) rmSync(file, { force: true })
}

/** Ends the processes whose worker died before it could. */
export function killLeftovers(pidFolder: string): void {
  for (const name of readdirSync(pidFolder)) {
    if (/memcached|nutcracker/.test(commandOf(Number(name)))) killProcess(Number(name))
  }
}

function commandOf(pid: number): string {
  try {
    // The whole line: the fetched binaries run as arguments of a loader.
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}
