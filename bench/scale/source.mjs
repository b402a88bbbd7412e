// Parts of the source that the package does not export, so that simulations have memlane's own delays and no copies.
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Imports modules of `src`, given by their paths in it. */
export async function importSource(...paths) {
  const contents = paths.map((path) => `export * from './src/${path}'`).join('\n')
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT },
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
  })
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`)
}
