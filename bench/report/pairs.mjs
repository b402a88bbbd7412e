const RESAMPLES = 5000
const TITLE_WIDTH = 34

/** One line for one row: what A and B cost, and the median of B / A with the middle 95 % of what resampling gives. */
export function comparePairs(title, figures) {
  const ratios = figures.map(({ a, b }) => b / a)
  const [low, high] = interval(ratios)
  const [a, b] = ['a', 'b'].map((name) => median(figures.map((figure) => figure[name])))
  const costs = `A ${format(a)}  B ${format(b)} µs`
  return `${title.padEnd(TITLE_WIDTH)} ${costs}  B / A ${median(ratios).toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}] of ${figures.length} pairs`
}

function interval(ratios) {
  const pick = () => ratios[Math.floor(Math.random() * ratios.length)]
  const medians = Array.from({ length: RESAMPLES }, () => median(ratios.map(pick))).sort((a, b) => a - b)
  return [medians[Math.floor(RESAMPLES * 0.025)], medians[Math.floor(RESAMPLES * 0.975)]]
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function format(micros) {
  return micros.toFixed(micros >= 100 ? 0 : micros >= 10 ? 1 : 3)
}
