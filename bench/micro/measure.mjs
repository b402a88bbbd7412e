const CALLS = 1_000_000
const ROUNDS = 7

/** Prints the median time of `answer(turn)` in nanoseconds; the answers are summed up so that none is optimized away. */
export function measure(title, answer) {
  const times = Array.from({ length: ROUNDS }, () => timeOnce(answer)).sort((a, b) => a - b)
  console.log(`${times[ROUNDS >> 1].toFixed(1).padStart(8)} ns  ${title}`)
}

function timeOnce(answer) {
  let truths = 0
  const startedAt = process.hrtime.bigint()
  for (let turn = 0; turn < CALLS; turn++) if (answer(turn)) truths++
  const nanoseconds = Number(process.hrtime.bigint() - startedAt)
  if (truths === 0) throw new Error('an answer that is never true measures nothing')
  return nanoseconds / CALLS
}
