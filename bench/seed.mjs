// Fills a new database with tasks as a team would write them: the same ones every time.
import { createTaskService } from '../dist/core/task-service.js'
import { createTaskIds } from '../dist/task-ids.js'

const COMMON = 'fix add review write update remove test deploy plan check'.split(' ')
const WORDS = Array.from(
  { length: 4000 },
  (_, index) => `${'bcdfghklmnprstvz'[index % 16]}${'aeiou'[index % 5]}${index.toString(36)}`,
)

/** A small generator of numbers (mulberry32), so that every run seeds the same. */
export const createRandom = (seed) => {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const pick = (random, list) => list[random(list.length)]

export const createDraft = (random) => ({
  title: `${pick(random, COMMON)} ${pick(random, WORDS)} ${pick(random, WORDS)} ${pick(random, WORDS)}`,
  description: Array.from({ length: 12 }, () => pick(random, WORDS)).join(' '),
  status: pick(random, ['pending', 'pending', 'in_progress', 'completed']),
  priority: pick(random, ['low', 'medium', 'medium', 'high']),
  labels: random(4) === 0 ? [pick(random, ['ops', 'web', 'docs', 'bug'])] : [],
  ...(random(3) === 0 ? { due_at: new Date(1.8e12 + random(3e7) * 1000).toISOString() } : {}),
})

/** Seeds an empty repository through the service's own write path and closes it; returns every hundredth id. */
export const seed = async (repository, count) => {
  const service = createTaskService({ repository, now: Date.now, newId: createTaskIds(undefined) })
  const random = createRandom(1)
  const ids = []
  for (let done = 0; done < count; done += 250) {
    const written = await Promise.all(
      Array.from({ length: Math.min(250, count - done) }, () => service.create(createDraft(random), 'bench')),
    )
    ids.push(...written.filter((_, index) => index % 100 === 0).map(({ task }) => task.id))
  }
  await repository.close()
  return ids
}
