// Where the service's processor time goes: the CPU profile of a measure, by the time that each function spends itself.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runOnce } from './compare.mjs'
import { MEASURES } from './measures.mjs'
import { seedOwn, startOwn } from './own-service.mjs'
import { toLines } from './table.mjs'

const TOP = 10
const INTERVAL_US = 250

export const PROFILED = MEASURES.filter(({ name }) => ['GET one', 'GET 50', 'POST'].includes(name))

/** V8's names for what is no function. */
const IDLE = '(idle)'
const PLACES = { '(garbage collector)': 'garbage collection', '(program)': 'C++ of Node.js and system calls' }

/** The part of the program that a script belongs to. */
const placeOf = (functionName, url) => {
  if (functionName in PLACES) return PLACES[functionName]
  if (url === '') return 'native functions'
  if (url.startsWith('node:')) return 'Node.js'
  const [, dependency] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? []
  if (dependency !== undefined) return dependency
  return /\/dist\/(.*)\/[^/]+$/.exec(url)?.[1] ?? 'main'
}

const nameOf = ({ functionName, url, lineNumber }) => {
  if (url === '') return functionName
  const file = url.replace(/^.*\/(node_modules|dist)\//, '')
  return `${functionName || '(anonymous)'}  ${file}:${lineNumber + 1}`
}

const add = (totals, name, time) => totals.set(name, (totals.get(name) ?? 0) + time)

const toShares = (totals, all) =>
  [...totals].map(([name, time]) => ({ name, share: time / all })).sort((a, b) => b.share - a.share)

/** Sums up the samples between two instants of the monotonic clock, in microseconds. */
const sumUp = ({ nodes, samples, timeDeltas, startTime }, from, to) => {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const [functions, places] = [new Map(), new Map()]
  let [now, all] = [startTime, 0]
  for (const [index, id] of samples.entries()) {
    const time = timeDeltas[index]
    now += time
    const frame = frames.get(id)
    if (now < from || now > to || frame.functionName === IDLE) continue
    all += time
    add(functions, nameOf(frame), time)
    add(places, placeOf(frame.functionName, frame.url), time)
  }
  return { functions: toShares(functions, all).slice(0, TOP), places: toShares(places, all) }
}

/** That of the main thread: the one with the most samples, if others were started too. */
const readProfile = (folder) =>
  readdirSync(folder)
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))
    .sort((a, b) => b.samples.length - a.samples.length)[0]

const monotonic = () => Number(process.hrtime.bigint() / 1000n)

const profileOne = async (servers, seeded, { name, lanes, needsPending }, seconds) => {
  const folder = join(servers.folder, `profile-${name.replaceAll(' ', '-')}`)
  const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${INTERVAL_US}`]
  const own = await startOwn(servers, seeded, { flags })
  if (needsPending) await own.fillPending(20_000 * seconds)
  await runOnce(own, lanes, seconds / 4)
  const from = monotonic()
  await runOnce(own, lanes, seconds)
  const to = monotonic()
  await servers.stop(own)
  return { measure: name, ...sumUp(readProfile(folder), from, to) }
}

/** @returns for each measure the top ten functions and all places, with their shares of the busy time */
export const profile = async (servers, { tasks, seconds, seeds }, measures) => {
  const seeded = seedOwn({ folder: join(servers.folder, 'profiled') }, tasks, seeds)
  const profiles = []
  for (const measure of measures) profiles.push(await profileOne(servers, seeded, measure, seconds))
  return profiles
}

const percent = (share) => `${(share * 100).toFixed(1)} %`

export const toProfileText = (profiles) =>
  profiles
    .map(({ measure, functions, places }) => {
      const rows = functions.map(({ name, share }) => [percent(share), name])
      const parts = places.slice(0, 8).map(({ name, share }) => `${name} ${percent(share)}`)
      return `\n${toLines(['self', `${measure}: function`], rows)}\nby place: ${parts.join(', ')}`
    })
    .join('\n')
