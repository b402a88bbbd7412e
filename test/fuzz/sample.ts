import { it } from 'vitest'
import { playRounds } from './seed.ts'

// Run by seed.test.ts alone: it fails in the round of seed 8.
it('fails', async () => {
  await playRounds(10, (round) => {
    console.log(`played ${round.seed}`)
    if (round.seed === 8) throw new Error('as it should')
  })
})
