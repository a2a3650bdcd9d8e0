// A guard: compares with bench/baseline.json what a request costs in relation to the limit. Takes 40 seconds.
import { readFileSync, writeFileSync } from 'node:fs'
import { compare } from './compare.mjs'

export const SMOKE_TASKS = 10_000

const BASELINE = new URL('baseline.json', import.meta.url)
const DURATION = { rounds: 4, seconds: 2 }
const LONGER = { rounds: 8, seconds: 6 }
/** How often a baseline is measured: it holds the least, so that other work on the machine is not taken for a loss of speed. */
const BASELINE_RUNS = 3

/**
 * The least share of the baseline that passes. Processor time is what is guarded, as other work on the machine hardly moves
 * it. The rate, which other work and a slower disk do move, shows only what makes requests wait.
 */
const LEAST = { cpuRatio: 0.75, rateRatio: 0.4 }

/** The baselines by the major version of Node.js. */
const readBaselines = () => JSON.parse(readFileSync(BASELINE, 'utf8'))
const major = Number.parseInt(process.versions.node, 10)

/** That of this Node.js, else of the next older one, else of the oldest. */
const readBaseline = () => {
  const baselines = readBaselines()
  const majors = Object.keys(baselines).map(Number)
  return baselines[majors.findLast((one) => one <= major) ?? majors[0]]
}

const isSlower = (found, expected) =>
  Object.entries(LEAST).some(([field, share]) => found[field] < share * expected[field])

const measureAll = async (measures, servers, own, duration) => {
  const results = {}
  for (const measure of measures) {
    const { cpuRatio, rateRatio } = await compare(measure, servers, own, duration)
    results[measure.name] = {
      cpuRatio: Number(cpuRatio.toFixed(3)),
      rateRatio: Number(rateRatio.toFixed(3)),
    }
  }
  return results
}

const report = (results, baseline) => {
  const rows = Object.entries(results).map(([name, found]) => {
    const expected = baseline[name]
    const state = isSlower(found, expected) ? 'SLOWER' : 'ok'
    return [
      name,
      {
        ...found,
        'baseline cpuRatio': expected.cpuRatio,
        'baseline rateRatio': expected.rateRatio,
        state,
      },
    ]
  })
  console.table(Object.fromEntries(rows))
}

/** Sets the exit code to 1 if a measure is slower than the baseline twice in a row. */
export const smoke = async (measures, servers, own) => {
  const baseline = readBaseline()
  let suspects = measures.filter(({ name }) => name in baseline)
  for (const duration of [DURATION, LONGER]) {
    if (suspects.length === 0) return
    const results = await measureAll(suspects, servers, own, duration)
    report(results, baseline)
    suspects = suspects.filter(({ name }) => isSlower(results[name], baseline[name]))
  }
  if (suspects.length === 0) return
  const names = suspects.map(({ name }) => name).join(', ')
  console.error(`Slower than bench/baseline.json: ${names}. bench/README.md says what to do.`)
  process.exitCode = 1
}

/** Writes what is measured now as the baseline of this Node.js. */
export const updateBaseline = async (measures, servers, own) => {
  const guarded = measures.filter(({ isGuarded }) => isGuarded)
  const runs = []
  for (let run = 0; run < BASELINE_RUNS; run++)
    runs.push(await measureAll(guarded, servers, own, DURATION))
  const least = (name, field) => Math.min(...runs.map((run) => run[name][field]))
  const entries = guarded.map(({ name }) => [
    name,
    { cpuRatio: least(name, 'cpuRatio'), rateRatio: least(name, 'rateRatio') },
  ])
  const baselines = { ...readBaselines(), [major]: Object.fromEntries(entries) }
  const text = JSON.stringify(baselines, null, 2).replace(
    /\{\s+("cpuRatio".*)\s+(.*)\s+\}/g,
    '{ $1 $2 }',
  )
  writeFileSync(BASELINE, `${text}\n`)
  report(baselines[major], baselines[major])
}
