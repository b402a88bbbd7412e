// `npm run test:next`: an application of Next.js that is built once and started twice, on one memcached.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { installPrograms } from './programs.mjs'
import { build, checkNode, install, root } from './setup.mjs'
import { runVitest } from './vitest.mjs'

const FOLDER = join(root, 'test', 'next')

checkNode()
install()
installPrograms()
install(FOLDER, 'Next.js')
build()
if (hasCompiler()) process.exitCode = await runVitest('npm run test:next', ['--config=vitest.next.config.ts'])
else
  console.log(
    '\nSKIPPED: the compiler of Next.js has no program for this machine. No test of memlane/next in Next.js was run.',
  )

function hasCompiler() {
  const { platform, arch } = process
  const names = platform === 'linux' ? [`linux-${arch}-gnu`, `linux-${arch}-musl`] : [`${platform}-${arch}`]
  const require = createRequire(join(FOLDER, 'package.json'))
  return names.some((name) => {
    try {
      require(`@next/swc-${name}`)
      return true
    } catch {
      return false
    }
  })
}
