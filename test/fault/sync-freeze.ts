import { readdirSync, readFileSync } from 'node:fs'

/** Stops a process, and returns when every thread of it has stopped: until then it may still answer. */
export function freeze(pid: number): void {
  process.kill(pid, 'SIGSTOP')
  while (!readdirSync(`/proc/${pid}/task`).every((thread) => isStopped(pid, thread)));
}

/** The state stands behind the name in brackets (proc(5), `stat`). */
function isStopped(pid: number, thread: string): boolean {
  return / T /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').split(')').at(-1)!)
}
