import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** The modules of Node that a runtime may lack: whatever opens sockets or asks name servers. */
export const NETWORK_MODULES: readonly string[] = ['node:net', 'node:tls', 'node:dns', 'node:dns/promises']

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ABSENT = fileURLToPath(new URL('absent-module.cjs', import.meta.url))

/** A door of the package, bundled with all that it leads to. */
interface Bundle {
  readonly code: Buffer
  /** The modules that are imported for their values, and one that imports each. */
  readonly imports: ReadonlyMap<string, string>
}

interface Metafile {
  readonly inputs: Readonly<Record<string, { readonly imports: readonly { readonly path: string }[] }>>
}

/** Bundles a door of the package; modules of Node stay imports. */
export async function bundle(door: string, ...flags: readonly string[]): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'memlane-bundle-'))
  const [outfile, metafile] = [join(folder, 'door.mjs'), join(folder, 'meta.json')]
  const entry = `src/exports/${door}.ts`
  const form = ['--bundle', '--platform=neutral', '--format=esm', '--external:node:*', '--log-level=error']
  try {
    const esbuild = join(ROOT, 'node_modules', '.bin', 'esbuild')
    const files = [`--outfile=${outfile}`, `--metafile=${metafile}`]
    await promisify(execFile)(esbuild, [entry, ...form, ...files, ...flags], { cwd: ROOT })
    const { inputs } = JSON.parse(await readFile(metafile, 'utf8')) as Metafile
    const imports = Object.entries(inputs).flatMap(([file, input]) =>
      input.imports.map(({ path }): [string, string] => [path, file]),
    )
    return { code: await readFile(outfile), imports: new Map(imports) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Loads a door of the package with modules that throw on import in the place of those that open sockets. */
export async function loadWithoutNetwork(door: string): Promise<unknown> {
  const { code } = await bundle(door, ...NETWORK_MODULES.map((name) => `--alias:${name}=${ABSENT}`))
  return import(/* @vite-ignore */ `data:text/javascript;base64,${code.toString('base64')}`)
}
