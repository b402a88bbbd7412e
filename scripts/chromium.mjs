// The browser that looks at the documentation.
import { existsSync } from 'node:fs'
import { installPackages } from './programs.mjs'
import { giveUp, has } from './setup.mjs'

/** Sets `MEMLANE_CHROMIUM`; installs Debian's Chromium where that may be. Ends the process, and says what to do, where it may not. */
export function installChromium() {
  const named = process.env.MEMLANE_CHROMIUM
  if (named !== undefined && existsSync(named)) return
  if (!has('chromium') && !installPackages(['chromium'])) {
    giveUp(
      'The site is looked at in Chromium. Install it (apt-get install chromium), or name it by MEMLANE_CHROMIUM=/path.',
    )
  }
  process.env.MEMLANE_CHROMIUM = 'chromium'
}
