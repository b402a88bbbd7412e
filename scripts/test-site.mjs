// `npm run test:site`: builds the documentation and looks at it in Chromium, which comes from Debian's packages.
// MEMLANE_CHROMIUM=/path names another one. Arguments go to vitest.
import { installChromium } from './chromium.mjs'
import { root, run } from './setup.mjs'
import { runVitest } from './vitest.mjs'

installChromium()
process.exitCode = await run(process.execPath, ['scripts/docs.mjs'], { cwd: root })
if (process.exitCode === 0) {
  process.exitCode = await runVitest('npm run test:site', ['--config=vitest.site.config.ts', ...process.argv.slice(2)])
}
