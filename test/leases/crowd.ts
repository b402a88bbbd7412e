import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { build } from 'tsdown'
import { inject, onTestFinished } from 'vitest'
import type { Order, Permission, Word } from './caller.ts'

/** What came of a process whose callers all have their values. */
export interface Outcome {
  readonly pid: number
  readonly values: readonly string[]
}

/** One process of a crowd. */
export class Member {
  readonly child: ChildProcess
  /** All its callers have their values; `undefined` when it ended before. */
  readonly outcome: Promise<Outcome | undefined>
  readonly ready: Promise<void>
  /** The first look of every caller was answered. */
  readonly asked: Promise<void>
  loads = 0

  constructor(program: string, order: Order, onLoading: (member: Member) => void) {
    this.child = fork(program, [JSON.stringify(order)], { stdio: 'inherit' })
    let readyNow: () => void
    this.ready = new Promise((resolve) => {
      readyNow = resolve
    })
    let askedNow: () => void
    this.asked = new Promise((resolve) => {
      askedNow = resolve
    })
    this.outcome = new Promise((resolve) => {
      this.child.on('message', (message: Word) => {
        if (message.word === 'ready') readyNow()
        else if (message.word === 'asked') askedNow()
        else if (message.word === 'done') resolve({ ...message, pid: this.child.pid! })
        else {
          this.loads++
          onLoading(this)
        }
      })
      this.child.once('exit', () => resolve(undefined))
    })
  }

  /** Lets its callers call, or its loader end. */
  allow(permission: Permission): void {
    // A process that has ended needs no permission, also one whose end was not noticed yet (EPIPE).
    if (this.child.connected) this.child.send(permission, () => {})
  }

  async kill(): Promise<void> {
    const exited = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await exited
  }
}

/** Processes that call `getOrSet` for one key, each with many callers. */
export class Crowd {
  readonly members: readonly Member[]
  /** The first whose loader began. */
  readonly winner: Promise<Member>

  constructor(program: string, size: number, order: Order) {
    let wonNow: (member: Member) => void
    this.winner = new Promise((resolve) => {
      wonNow = resolve
    })
    this.members = Array.from({ length: size }, () => new Member(program, order, (member) => wonNow(member)))
    onTestFinished(() => {
      for (const { child } of this.members) child.kill('SIGKILL')
    })
  }

  /** All call at once. */
  async call(): Promise<void> {
    await Promise.all(this.members.map((member) => member.ready))
    for (const member of this.members) member.allow('call')
  }

  /** Lets the loaders end once every caller has looked; those that begin later end at once. */
  async load(): Promise<void> {
    await Promise.all(this.members.map((member) => member.asked))
    for (const member of this.members) member.allow('load')
  }

  /** What came of those that were not killed. */
  async outcomes(): Promise<Outcome[]> {
    const outcomes = await Promise.all(this.members.map((member) => member.outcome))
    return outcomes.filter((outcome) => outcome !== undefined)
  }

  /** How often a loader began. */
  get loads(): number {
    return this.members.reduce((sum, member) => sum + member.loads, 0)
  }
}

/** Makes the program of the processes, which run without a TypeScript loader. */
export async function buildCaller(): Promise<string> {
  const outDir = join(inject('temporaryFolder'), 'caller')
  await build({
    config: false,
    entry: { caller: join(import.meta.dirname, 'caller.ts') },
    outDir,
    format: 'esm',
    dts: false,
    logLevel: 'silent',
    platform: 'node',
  })
  return join(outDir, 'caller.mjs')
}
