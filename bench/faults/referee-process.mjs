// Plays scenarios, one after the other: it has the servers and what stands before them, and starts a process for each client.
import { findClient } from './clients.mjs'
import { findCertificates } from './lab/certificates.mjs'
import { endGroup } from './lab/processes.mjs'
import { Problem } from './problem.mjs'
import { findScenario } from './scenarios/index.mjs'
import { Trial } from './trial.mjs'

// Its servers and the process of the client are in its group: none of them outlives the run.
process.on('disconnect', () => endGroup(process.pid))
process.on('message', async ({ scenarioName, clientName, folder }) => {
  const started = performance.now()
  const outcome = await playOnce(findScenario(scenarioName), findClient(clientName), folder)
  process.send({ ...outcome, ms: Math.round(performance.now() - started) })
})

/** A fault of the referee itself is `broken`, which is no verdict about a client. */
async function playOnce(scenario, client, folder) {
  const trial = new Trial(scenario, client, findCertificates(folder))
  try {
    await trial.setUp()
    await scenario.play(trial)
    return { verdict: 'held' }
  } catch (error) {
    if (error instanceof Problem) return { verdict: error.verdict, detail: error.message }
    return { verdict: 'broken', detail: error.stack }
  } finally {
    await trial.tearDown().catch((error) => console.error(`${scenario.name} ${client.name}: ${error.stack}`))
  }
}
