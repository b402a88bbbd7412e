// `npm start`: installs, builds, and shows what memlane does.
import { build, checkNode, install, run } from './setup.mjs'

checkNode()
install()
build()
process.exitCode = await run(process.execPath, ['scripts/tour.mjs'])
