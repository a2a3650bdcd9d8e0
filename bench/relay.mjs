// node bench/relay.mjs --database-url mongodb://… [--events 20000] [--events-per-task 1]
// Fills a database of its own with tasks whose events wait, and times their way to the one sequence. docs/scale.md tells of it.
import { parseArgs } from 'node:util'
import { changedEvent, createdEvent } from '../dist/core/event.js'
import { createTask, patchTask } from '../dist/core/task.js'
import { newTask } from '../dist/repository/mongo/documents.js'
import { migrate } from '../dist/repository/mongo/migrate.js'
import { publish } from '../dist/repository/mongo/publish.js'
import { createTaskIds } from '../dist/task-ids.js'
import { createMongoDatabase } from './mongo-database.mjs'
import { createDraft, createRandom } from './seed.mjs'

const { values: options } = parseArgs({
  options: {
    'database-url': { type: 'string' },
    events: { type: 'string', default: '20000' },
    'events-per-task': { type: 'string', default: '1' },
  },
})
if (options['database-url'] === undefined) throw new Error('--database-url mongodb://… says which server')
const tasks = Math.ceil(Number(options.events) / Number(options['events-per-task']))
const count = tasks * Number(options['events-per-task'])

const database = createMongoDatabase(options['database-url'])
const client = await database.connect()
const db = client.db()

/** A task with the events of its creation and of the changes after it, as a burst of writes leaves it. */
const createWaiting = (random, newId) => {
  let task = createTask(createDraft(random), newId(), new Date().toISOString())
  const pending = [{ version: 1, ...createdEvent(task, 'bench') }]
  while (pending.length < Number(options['events-per-task'])) {
    const status = task.status === 'in_progress' ? 'pending' : 'in_progress'
    const changed = patchTask(task, { status }, new Date().toISOString())
    pending.push({ version: changed.version, ...changedEvent(task, changed, 'bench') })
    task = changed
  }
  return { ...newTask(task, pending[0], []), pending }
}

const seed = async () => {
  const [random, newId] = [createRandom(1), createTaskIds(undefined)]
  for (let done = 0; done < tasks; done += 1000) {
    const documents = Array.from({ length: Math.min(1000, tasks - done) }, () => createWaiting(random, newId))
    await db.collection('tasks').insertMany(documents, { ordered: false })
  }
}

/** Throws unless every event has its place and none has two. */
const verify = async () => {
  const events = db.collection('events')
  const [first, last] = await Promise.all([1, -1].map((way) => events.findOne({}, { sort: { _id: way } })))
  const found = [
    await events.countDocuments(),
    first?._id,
    last?._id,
    await db.collection('tasks').countDocuments({ 'pending.time': { $exists: true } }),
  ]
  if (String(found) !== String([count, 1, count, 0])) throw new Error(`${found} in place of ${[count, 1, count, 0]}`)
}

try {
  await migrate(db)
  console.log(`seeding ${count} events …`)
  await seed()
  const began = performance.now()
  let batches = 0
  while ((await publish(db, 1)) > 0) batches++
  const seconds = (performance.now() - began) / 1000
  await verify()
  console.log(`${Math.round(count / seconds)} events/s: ${count} events in ${batches} batches, ${seconds.toFixed(1)} s`)
} finally {
  await client.close()
  await database.drop()
}
