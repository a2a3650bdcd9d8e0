// A guard against a fall: 30 seconds that compare with bench/baseline.json what a request costs, as a ratio to what it costs the limit.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { compare } from './compare.mjs'
import { MEASURES } from './measures.mjs'
import { seedOwn, startLimit, startOwn } from './own-service.mjs'
import { toLines } from './table.mjs'

const BASELINE = new URL('baseline.json', import.meta.url)
const TASKS = 10_000
const GUARDED = ['GET one', 'GET 50', 'sorted page', 'search', 'PATCH', 'POST']
const DURATION = { rounds: 8, seconds: 1.6 }
const LONGER = { rounds: 16, seconds: 3.2 }
/** So often a baseline is measured; it holds the least, so that what the machine does besides is no fall. */
const BASELINE_RUNS = 3

/**
 * The least of a baseline's ratio that is no fall. The processor time is what is held to it: other work on the machine does not count
 * in it. The rate, which other work and a slower disk do move, shows only what makes requests wait.
 */
const LEAST = { cpuRatio: 0.75, ratio: 0.4 }

const readBaselines = () => (existsSync(BASELINE) ? JSON.parse(readFileSync(BASELINE, 'utf8')) : {})

const majorOf = (node) => Number(/\d+/.exec(node)?.[0])

/** That of this Node.js, else of the next older one, else of the oldest. */
const baselineOf = (node) => {
  const baselines = readBaselines()
  const majors = Object.keys(baselines).map(Number)
  const older = majors.filter((major) => major <= majorOf(node))
  return baselines[older.length > 0 ? Math.max(...older) : Math.min(...majors)]
}

const openSubjects = async (servers, seeds) => {
  const own = await startOwn(servers, await seedOwn(servers, TASKS, seeds))
  return { own, limit: await startLimit(servers, own) }
}

const measureAll = async ({ own, limit }, names, duration = DURATION) => {
  const results = {}
  for (const measure of MEASURES.filter(({ name }) => names.includes(name))) {
    const [{ cpuRatio, ratio }] = await compare(measure, [own], limit, duration)
    results[measure.name] = { cpuRatio, ratio }
  }
  return results
}

const isFallen = (found, expected) => Object.entries(LEAST).some(([field, least]) => found[field] < least * expected[field])

const report = (results, baseline) => {
  const rows = Object.entries(results).map(([name, found]) => {
    const expected = baseline[name]
    const cells = Object.keys(LEAST).flatMap((field) => [found[field].toFixed(2), expected[field].toFixed(2)])
    return [name, ...cells, isFallen(found, expected) ? 'FALLEN' : 'ok']
  })
  console.log(toLines(['measure', 'CPU ratio', 'baseline', 'req/s ratio', 'baseline', ''], rows))
}

/** Sets the exit code to 1 when a measure has fallen, twice in a row. */
export const smoke = async (servers, { node, seeds }) => {
  const baseline = baselineOf(node)
  const subjects = await openSubjects(servers, seeds)
  let suspects = GUARDED.filter((name) => name in baseline)
  for (let attempt = 1; attempt <= 2 && suspects.length > 0; attempt++) {
    if (attempt > 1) console.log('once more, as that may have been the machine:')
    const results = await measureAll(subjects, suspects, attempt > 1 ? LONGER : DURATION)
    report(results, baseline)
    suspects = suspects.filter((name) => isFallen(results[name], baseline[name]))
  }
  for (const server of Object.values(subjects)) await servers.stop(server)
  if (suspects.length === 0) return
  console.error(
    `Slower than bench/baseline.json by more than a quarter: ${suspects.join(', ')}. bench/README.md tells what to do.`,
  )
  process.exitCode = 1
}

const rounded = (value) => Number(value.toFixed(3))

/** Writes what is measured now as the baseline of this Node.js. */
export const writeBaseline = async (servers, { node, seeds }) => {
  const subjects = await openSubjects(servers, seeds)
  const runs = []
  for (let run = 0; run < BASELINE_RUNS; run++) runs.push(await measureAll(subjects, GUARDED))
  for (const server of Object.values(subjects)) await servers.stop(server)
  const least = (name, field) => rounded(Math.min(...runs.map((run) => run[name][field])))
  const entries = GUARDED.map((name) => [name, { cpuRatio: least(name, 'cpuRatio'), ratio: least(name, 'ratio') }])
  const baselines = { ...readBaselines(), [majorOf(node)]: Object.fromEntries(entries) }
  writeFileSync(BASELINE, `${JSON.stringify(baselines, null, 2)}\n`)
  report(Object.fromEntries(entries), Object.fromEntries(entries))
}
