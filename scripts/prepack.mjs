// Before the package is packed (`prepack`), and when it is installed from git, where npm runs `prepare` only: builds what a
// clean checkout does not have. `prepare` also runs after `npm ci --omit=dev`, where there is nothing to build with.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build, root } from './setup.mjs'

const canBuild = existsSync(join(root, 'node_modules', 'tsdown'))
if (canBuild || process.env.npm_lifecycle_event !== 'prepare') build()
