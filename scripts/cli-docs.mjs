// Writes the reference of commands into docs/cli.md, out of the declarations in src/cli/commands.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from './setup.mjs'

const PAGE = join(root, 'docs', 'cli.md')

const folder = mkdtempSync(join(root, 'node_modules', '.cli-docs-'))
try {
  await build({
    stdin: {
      contents: `export { referencePage } from './src/cli/reference-page.ts'
        export { COMMANDS } from './src/cli/registry.ts'`,
      resolveDir: root,
    },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  })
  const { referencePage, COMMANDS } = await import(pathToFileURL(join(folder, 'stdin.mjs')).href)
  writeFileSync(PAGE, await referencePage(readFileSync(PAGE, 'utf8'), COMMANDS))
} finally {
  rmSync(folder, { recursive: true })
}
